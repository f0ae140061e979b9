using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Portal.Domain.Engine;

/// <summary>
/// Reads JSON bodies strictly: the right content type, one value, nothing after it, no key twice (a policy in front of the
/// engine must not be able to see another value than the engine does). Names are matched whatever their case.
/// </summary>
public static class EngineBody
{
    /// <summary>Longest JSON body in bytes.</summary>
    public const int Limit = 4 * 1024 * 1024;

    private const int MaximumDepth = 64;

    /// <summary>The wire contract, read strictly.</summary>
    public static EngineJson Strict { get; } = new(Options(JsonUnmappedMemberHandling.Skip));

    /// <summary>
    /// The same, and what the contract does not know is refused by name: for whoever decides about a request that somebody else carries out, and may
    /// read more into it.
    /// </summary>
    public static EngineJson Known { get; } = new(Options(JsonUnmappedMemberHandling.Disallow));

    /// <summary>The contract as requests are written: what is not said is left out.</summary>
    public static EngineJson Sparse { get; } = new(new JsonSerializerOptions { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull });

    /// <summary>A body that is there, as a value.</summary>
    public static T? Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) where T : class
    {
        if (json.Trim(" \t\r\n"u8).IsEmpty)
        {
            throw EngineErrors.Invalid("api.json", "invalid JSON: got EOF while reading request body");
        }

        try
        {
            RefuseNullInLists(json);
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException e)
        {
            throw EngineErrors.Invalid("api.json", "invalid JSON: " + Words(e));
        }
    }

    private static JsonSerializerOptions Options(JsonUnmappedMemberHandling unknown) => new()
    {
        PropertyNameCaseInsensitive = true,
        NumberHandling = JsonNumberHandling.Strict,
        MaxDepth = MaximumDepth,
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = unknown,
        Converters = { new NullAsDefault<bool>(), new NullAsDefault<int>(), new NullAsDefault<long>(), new NullAsEmpty() },
    };

    /// <summary>An item that is null is none of anything; nothing behind this door is to be prepared for it.</summary>
    private static void RefuseNullInLists(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaximumDepth });
        ReadOnlySpan<byte> member = default;

        // One bit for each level: set where it is a list.
        ulong lists = 0;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    member = reader.ValueSpan;
                    break;
                case JsonTokenType.StartArray:
                    lists |= 1UL << reader.CurrentDepth;
                    break;
                case JsonTokenType.StartObject:
                    lists &= ~(1UL << reader.CurrentDepth);
                    break;
                case JsonTokenType.Null when reader.CurrentDepth > 0 && (lists >> (reader.CurrentDepth - 1) & 1) != 0:
                    throw new JsonException($"{Encoding.UTF8.GetString(member)}: a list must not have null in it");
                default:
                    break;
            }
        }
    }

    /// <summary>What is wrong and where, without the names of our types.</summary>
    public static string Words(JsonException e)
    {
        var member = e.Path is { Length: > 2 } path ? path[2..] : "the body";
        return e.Message switch
        {
            var text when text.StartsWith("The JSON value could not be converted", StringComparison.Ordinal) => $"{member}: a value of another type is expected",
            var text when text.StartsWith("Duplicate propert", StringComparison.Ordinal) => $"{member}: the same name is there twice",
            var text when text.StartsWith("The JSON property", StringComparison.Ordinal) => $"{member}: not known here",
            var text when e.Path is null || text.Contains(" Path: ", StringComparison.Ordinal) => text,
            var text => $"{member}: {text}",
        };
    }

    /// <summary>In Go's JSON, null leaves a number or a boolean as it was.</summary>
    private sealed class NullAsDefault<T> : JsonConverter<T> where T : struct
    {
        public override bool HandleNull => true;

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.Null)
            {
                return default;
            }

            if (typeof(T) == typeof(bool))
            {
                return (T)(object)reader.GetBoolean();
            }

            return typeof(T) == typeof(int)
                ? reader.TryGetInt32(out var number) ? (T)(object)number : throw new JsonException("a whole number is expected")
                : reader.TryGetInt64(out var big) ? (T)(object)big : throw new JsonException("a whole number is expected");
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw new NotSupportedException("Requests are only read.");
    }

    /// <summary>The same for a text, wherever one is.</summary>
    private sealed class NullAsEmpty : JsonConverter<string>
    {
        public override bool HandleNull => true;

        public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.Null => "",
            JsonTokenType.String => reader.GetString()!,
            _ => throw new JsonException(),
        };

        public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString()!;

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => throw new NotSupportedException("Requests are only read.");
    }
}
