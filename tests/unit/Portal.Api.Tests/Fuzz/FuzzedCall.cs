using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Portal.Api.Tests.Http;

namespace Portal.Api.Tests.Fuzz;

/// <summary>A request for an operation that is right, nearly right, or not right at all; the same for the same seed.</summary>
internal sealed class FuzzedCall(ApiOperation operation, Random random)
{
    private static readonly string[] s_strange =
    [
        "", " ", "x", "*", "0", "-1", "1.5", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e400", "NaN", "true", "null", "undefined", "[]", "{}", "a b", "..%2f", "%00",
        "\0", "\u0001\u001f", "\r\nX-Injected: 1", "\u202egnp.exe", "\u200b", "ﬀ", "🐳", "\ud83d\udc33\u0301", "' OR 1=1 --", "${jndi:ldap://x}", "<script>alert(1)</script>", "../../etc/passwd", "..\\..", "a/../b", "a//b",
        "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999+14:00", "-0001-01-01", "\"1\"", "W/\"1\"", "\"99999999999999999999\"",
        new('a', 64), new('a', 65), new('a', 255), new('a', 256), new('a', 1025), new('é', 4096), new('a', 5000),
    ];

    /// <summary>What was made, to be read by whoever looks for the fault.</summary>
    public string Text { get; private set; } = "";

    public HttpRequestMessage Make()
    {
        var (path, query) = (operation.Path, new List<string>());
        var request = new HttpRequestMessage { Method = new(operation.Method) };
        foreach (var parameter in operation.Parameters)
        {
            var (name, place) = (parameter["name"]!.GetValue<string>(), parameter["in"]!.GetValue<string>());
            var value = random.Next(10) < (place == "path" ? 8 : 5) ? Right(parameter) : Strange();
            if (place == "path")
            {
                // A segment that is none is another address, and zeroes are the server's matter: it refuses them.
                path = path.Replace($"{{{name}}}", Uri.EscapeDataString(value is "" or "." or ".." ? "x" : value.Replace('\0', 'x')), StringComparison.Ordinal);
            }
            else if (random.Next(4) > 0 || parameter["required"]?.GetValue<bool>() == true && random.Next(6) > 0)
            {
                if (place == "query")
                {
                    query.AddRange(Enumerable.Repeat($"{name}={Uri.EscapeDataString(value)}", random.Next(12) == 0 ? 2 : 1));
                }
                else
                {
                    request.Headers.TryAddWithoutValidation(name, value.ReplaceLineEndings("").Replace('\0', '0'));
                }
            }
        }

        if (random.Next(10) == 0)
        {
            query.Add($"unknown={Uri.EscapeDataString(Strange())}");
        }

        request.RequestUri = new(path + (query.Count > 0 ? "?" + string.Join('&', query) : ""), UriKind.Relative);
        var body = Body();
        if (body is { } content)
        {
            request.Content = new ByteArrayContent(content.Bytes);
            if (content.Type is { } type)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }
        }

        Text = $"{request.Method} {request.RequestUri} [{string.Join("; ", request.Headers.Select(header => $"{header.Key}: {string.Join(',', header.Value)}"))}] {body?.Type} {(body is { } shown ? Encoding.UTF8.GetString(shown.Bytes.AsSpan(0, Math.Min(shown.Bytes.Length, 400))) : "")}";
        return request;
    }

    private (byte[] Bytes, string? Type)? Body()
    {
        if (operation.Bodies.FirstOrDefault() is not { Key: { } type, Value: { } body })
        {
            return random.Next(20) == 0 ? ("{}"u8.ToArray(), "application/json") : null;
        }

        type = random.Next(25) switch
        {
            0 => "text/plain",
            1 => "application/json; charset=nonsense",
            2 => "application/json; charset=utf-16",
            3 => "nonsense",
            4 => "multipart/form-data",
            _ => type,
        };
        if (random.Next(40) == 0)
        {
            return random.Next(2) == 0 ? null : ([], type);
        }

        if (!operation.Bodies.First().Key.EndsWith("json", StringComparison.Ordinal))
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            return (bytes, type);
        }

        var text = random.Next(3) == 0 ? operation.Document.Example(body["schema"]!) : Value(body["schema"]!, 0);
        return (Break(text?.ToJsonString() ?? "null"), random.Next(40) == 0 ? null : type);
    }

    /// <summary>Mostly as it is; else no longer JSON, or JSON of the sort that readers disagree on.</summary>
    private byte[] Break(string json)
    {
        var utf8 = Encoding.UTF8.GetBytes(json);
        return random.Next(24) switch
        {
            0 => utf8[..random.Next(utf8.Length)],
            1 => [.. utf8, .. "}"u8],
            2 => [0xEF, 0xBB, 0xBF, .. utf8],
            3 => [.. utf8, 0xFF, 0xC0],
            4 => Encoding.UTF8.GetBytes(new string('[', 10_000)),
            5 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 5_000)) + "1" + new string('}', 5_000)),
            6 when json.StartsWith("{\"", StringComparison.Ordinal) => Encoding.UTF8.GetBytes("{" + json[1..^1] + "," + json[1..]),
            7 => Encoding.UTF8.GetBytes(json.Replace("\"", "'", StringComparison.Ordinal)),
            8 => Encoding.UTF8.GetBytes("/* */" + json),
            9 => Encoding.UTF8.GetBytes(json.Replace(":", ":1e999,\"x\":", StringComparison.Ordinal)),
            10 => Encoding.UTF8.GetBytes(json.Replace("\":\"", "\":\"\\ud800", StringComparison.Ordinal)),
            _ => utf8,
        };
    }

    /// <summary>A value for a schema: right in most places.</summary>
    private JsonNode? Value(JsonNode node, int depth)
    {
        if (random.Next(14) == 0 || depth > 5)
        {
            return Any(depth);
        }

        var schema = operation.Document.Resolve(node);
        if (random.Next(2) == 0 && (node["example"] ?? schema["example"]) is { } example)
        {
            return example.DeepClone();
        }

        if (schema["enum"] is JsonArray values)
        {
            return values[random.Next(values.Count)]!.DeepClone();
        }

        switch (ApiDocument.Types(schema).FirstOrDefault(type => type != "null"))
        {
            case "object":
                var made = new JsonObject();
                foreach (var (name, member) in schema["properties"]?.AsObject() ?? [])
                {
                    if (random.Next(10) > 0)
                    {
                        made[name] = Value(member!, depth + 1);
                    }
                }

                if (random.Next(10) == 0)
                {
                    made[Strange()] = Any(depth);
                }

                return made;
            case "array":
                var most = random.Next(12) == 0 ? 300 : 3;
                return new JsonArray([.. Enumerable.Range(0, random.Next(most)).Select(_ => schema["items"] is { } items ? Value(items, depth + 1) : Any(depth))]);
            case "boolean":
                return JsonValue.Create(random.Next(2) == 0);
            case "integer" or "number":
                return random.Next(4) switch
                {
                    0 => JsonValue.Create(long.MaxValue), 1 => JsonValue.Create(int.MinValue), 2 => JsonValue.Create(random.Next(500)), _ => JsonNode.Parse("1e30"),
                };
            default:
                return JsonValue.Create(Strange());
        }
    }

    private JsonNode? Any(int depth) => random.Next(9) switch
    {
        0 => null,
        1 => JsonValue.Create(true),
        2 => JsonValue.Create(random.Next()),
        3 => JsonNode.Parse("123456789012345678901234567890"),
        4 => new JsonArray(),
        5 => new JsonArray((JsonNode?)null),
        6 => new JsonObject(),
        7 when depth < 5 => new JsonArray(Any(depth + 1), Any(depth + 1)),
        _ => JsonValue.Create(Strange()),
    };

    private string Right(JsonObject parameter)
    {
        var schema = operation.Document.Resolve(parameter["schema"]!);
        return (parameter["example"] ?? schema["default"]) is { } given ? given.ToString()
            : schema["enum"] is JsonArray values ? values[random.Next(values.Count)]!.ToString()
            : ApiDocument.Types(schema).FirstOrDefault(type => type != "null") switch
            {
                "integer" => random.Next(1, 100).ToString(CultureInfo.InvariantCulture),
                "boolean" => random.Next(2) == 0 ? "true" : "false",
                _ => schema["format"]?.GetValue<string>() == "date-time" ? "2026-01-02T03:04:05Z" : "web",
            };
    }

    private string Strange() => s_strange[random.Next(s_strange.Length)] is var one && random.Next(8) == 0
        ? one + new string([.. Enumerable.Range(0, random.Next(20)).Select(_ => (char)random.Next(1, 0xD7FF))])
        : one;
}
