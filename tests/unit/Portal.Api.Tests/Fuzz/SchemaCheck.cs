using System.Globalization;
using System.Text.Json.Nodes;
using Portal.Api.Tests.Http;

namespace Portal.Api.Tests.Fuzz;

/// <summary>Holds an answer against its schema: the words of JSON Schema that the document uses.</summary>
internal static class SchemaCheck
{
    /// <summary>What does not fit, and where; null when all does.</summary>
    public static string? Against(ApiDocument document, JsonNode schema, JsonNode? value, string at = "$")
    {
        if (schema is not JsonObject node)
        {
            return null;
        }

        if (node["$ref"] is not null)
        {
            return Against(document, document.Resolve(node), value, at);
        }

        foreach (var (word, all) in (ReadOnlySpan<(string, bool)>)[("allOf", true), ("oneOf", false), ("anyOf", false)])
        {
            if (node[word] is JsonArray parts)
            {
                var misfits = parts.Select(part => Against(document, part!, value, at)).ToArray();
                if (all ? misfits.FirstOrDefault(misfit => misfit is not null) is { } against : !misfits.Contains(null))
                {
                    return misfits.First(misfit => misfit is not null);
                }
            }
        }

        var types = ApiDocument.Types(node).ToArray();
        if (types.Length > 0 && !types.Any(type => IsOf(type, value)))
        {
            return $"{at} is {value?.ToJsonString() ?? "null"} and no {string.Join(" or ", types)}";
        }

        if (node["enum"] is JsonArray values && value is not null && !values.Any(allowed => JsonNode.DeepEquals(allowed, value)))
        {
            return $"{at} is {value.ToJsonString()} and none of {values.ToJsonString()}";
        }

        if (value is not null && node["format"]?.GetValue<string>() == "date-time" && !DateTimeOffset.TryParse(value.GetValue<string>(), CultureInfo.InvariantCulture, out _))
        {
            return $"{at} is no time: {value.ToJsonString()}";
        }

        return value switch
        {
            JsonArray items => items.Select((item, index) => node["items"] is { } each ? Against(document, each, item, $"{at}[{index}]") : null).FirstOrDefault(misfit => misfit is not null),
            JsonObject members => Members(document, node, members, at),
            _ => null,
        };
    }

    private static string? Members(ApiDocument document, JsonObject schema, JsonObject members, string at)
    {
        if (schema["required"]?.AsArray().FirstOrDefault(name => !members.ContainsKey(name!.GetValue<string>())) is { } missing)
        {
            return $"{at} has no {missing}";
        }

        foreach (var (name, value) in members)
        {
            var misfit = schema["properties"]?[name] is { } known ? Against(document, known, value, $"{at}.{name}")
                : schema["additionalProperties"] is JsonObject others ? Against(document, others, value, $"{at}.{name}")
                : schema["additionalProperties"]?.GetValue<bool>() == false ? $"{at} has a member {name} of which the document says nothing"
                : null;
            if (misfit is not null)
            {
                return misfit;
            }
        }

        return null;
    }

    private static bool IsOf(string type, JsonNode? value) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() is System.Text.Json.JsonValueKind.String,
        "boolean" => value?.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False,
        "integer" => value?.GetValueKind() is System.Text.Json.JsonValueKind.Number && decimal.TryParse(value.ToJsonString(), CultureInfo.InvariantCulture, out var number) && number == decimal.Truncate(number),
        "number" => value?.GetValueKind() is System.Text.Json.JsonValueKind.Number,
        _ => false,
    };
}
