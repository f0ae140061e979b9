using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Portal.Api.Tests.Http;

/// <summary>The committed OpenAPI document, as a client that knows nothing else has it.</summary>
internal sealed class ApiDocument
{
    private static readonly Lazy<ApiDocument> s_committed = new(() => new(JsonNode.Parse(File.ReadAllText(Path))!.AsObject()));

    private ApiDocument(JsonObject root)
    {
        Root = root;
        Operations =
        [
            .. from path in root["paths"]!.AsObject()
               from operation in path.Value!.AsObject()
               select new ApiOperation(this, operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject()),
        ];
    }

    /// <summary>Where it is.</summary>
    public static string Path => Here();

    public static ApiDocument Committed => s_committed.Value;

    public JsonObject Root { get; }

    public IReadOnlyList<ApiOperation> Operations { get; }

    /// <summary>The schema itself, wherever it is written.</summary>
    public JsonObject Resolve(JsonNode schema)
    {
        var at = schema.AsObject();
        return at["$ref"]?.GetValue<string>() is { } reference ? Resolve(Root["components"]!["schemas"]![reference[(reference.LastIndexOf('/') + 1)..]]!) : at;
    }

    /// <summary>A value of a schema, from its example or from those of its members; what need not be there is left out where nothing is said of it.</summary>
    public JsonNode? Example(JsonNode node)
    {
        var (schema, example) = (Resolve(node), node["example"] ?? Resolve(node)["example"]);
        if (example is not null || schema.ContainsKey("example"))
        {
            return example?.DeepClone();
        }

        if (schema["enum"] is JsonArray values)
        {
            return values[0]!.DeepClone();
        }

        switch (Types(schema).FirstOrDefault(type => type != "null"))
        {
            case "object":
                var required = schema["required"]?.AsArray().Select(name => name!.GetValue<string>()).ToHashSet() ?? [];
                return new JsonObject((schema["properties"]?.AsObject() ?? [])
                    .Where(member => required.Contains(member.Key) || Resolve(member.Value!).ContainsKey("example"))
                    .Select(member => KeyValuePair.Create(member.Key, Example(member.Value!))));
            case "array":
                return new JsonArray();
            case "boolean":
                return JsonValue.Create(false);
            case "integer" or "number":
                return schema["minimum"]?.DeepClone() ?? JsonValue.Create(0);
            default:
                return JsonValue.Create("");
        }
    }

    public static IEnumerable<string> Types(JsonObject schema) => schema["type"] switch
    {
        JsonArray several => several.Select(type => type!.GetValue<string>()),
        { } one => [one.GetValue<string>()],
        null => [],
    };

    private static string Here([CallerFilePath] string path = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, "../../../../src/Portal.Api/openapi/portal.json"));
}

/// <summary>An operation of the document.</summary>
internal sealed record ApiOperation(ApiDocument Document, string Method, string Path, JsonObject Json)
{
    public string Id => Json["operationId"]!.GetValue<string>();

    public IEnumerable<JsonObject> Parameters => Json["parameters"]?.AsArray().Select(parameter => parameter!.AsObject()) ?? [];

    public JsonObject Responses => Json["responses"]!.AsObject();

    /// <summary>Media types of the body, with their schemas; empty for none.</summary>
    public IEnumerable<KeyValuePair<string, JsonNode?>> Bodies => Json["requestBody"]?["content"]?.AsObject() ?? [];

    public override string ToString() => $"{Method} {Path}";

    /// <summary>A valid request, by the examples, of what must be there.</summary>
    public HttpRequestMessage Request()
    {
        var (path, query) = (Path, new StringBuilder());
        var request = new HttpRequestMessage { Method = new(Method) };
        foreach (var parameter in Parameters.Where(parameter => parameter["required"]?.GetValue<bool>() == true))
        {
            var (name, value) = (parameter["name"]!.GetValue<string>(), (parameter["example"] ?? Document.Example(parameter["schema"]!))!.ToString());
            switch (parameter["in"]!.GetValue<string>())
            {
                case "path":
                    path = path.Replace($"{{{name}}}", Uri.EscapeDataString(value), StringComparison.Ordinal);
                    break;
                case "query":
                    query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
                    break;
                default:
                    request.Headers.TryAddWithoutValidation(name, value);
                    break;
            }
        }

        if (Bodies.FirstOrDefault() is { Key: { } type, Value: { } body })
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(type.EndsWith("json", StringComparison.Ordinal) ? Document.Example(body["schema"]!)!.ToJsonString() : "bytes"));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        request.RequestUri = new(path + query, UriKind.Relative);
        return request;
    }
}
