using System.Globalization;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Portal.Runtime.Cdi;

/// <summary>
/// A YAML document as JSON, so that both have one reader. Only the events of the parser are used, which is free of
/// reflection. Pure.
/// </summary>
internal static class YamlToJson
{
    private const int MaximumDepth = 64;

    /// <summary>Converts a text that holds one document. JSON is YAML as well.</summary>
    /// <exception cref="FormatException">It is no YAML, or has what JSON cannot have: anchors, keys that are not text, keys twice, several documents.</exception>
    public static byte[] Convert(string yaml)
    {
        using var output = new MemoryStream();
        try
        {
            var parser = new Parser(new StringReader(yaml));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                return "null"u8.ToArray();
            }

            parser.Consume<DocumentStart>();
            using (var writer = new Utf8JsonWriter(output))
            {
                WriteNode(parser, writer, 0);
            }

            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _) ? output.ToArray() : throw new FormatException("more than one document");
        }
        catch (YamlException ex)
        {
            throw new FormatException($"line {ex.Start.Line}: {ex.Message}", ex);
        }
    }

    private static void WriteNode(Parser parser, Utf8JsonWriter writer, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new FormatException($"nested deeper than {MaximumDepth} levels");
        }

        switch (parser.Consume<ParsingEvent>())
        {
            // An alias lets a short text stand for a huge one.
            case NodeEvent { Anchor.IsEmpty: false } or AnchorAlias:
                throw new FormatException("anchors and aliases are not supported");
            case Scalar scalar:
                WriteScalar(scalar, writer);
                break;
            case SequenceStart:
                writer.WriteStartArray();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    WriteNode(parser, writer, depth + 1);
                }

                writer.WriteEndArray();
                break;
            case MappingStart:
                WriteMapping(parser, writer, depth);
                break;
            case var other:
                throw new FormatException($"line {other.Start.Line}: unexpected {other.GetType().Name}");
        }
    }

    private static void WriteMapping(Parser parser, Utf8JsonWriter writer, int depth)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key) || !names.Add(key.Value))
            {
                throw new FormatException($"line {parser.Current?.Start.Line}: a key is twice, or not text");
            }

            writer.WritePropertyName(key.Value);
            WriteNode(parser, writer, depth + 1);
        }

        writer.WriteEndObject();
    }

    /// <summary>Plain text is what it looks like (YAML 1.2, core schema, and octals as 1.1 wrote them); quoted text is text.</summary>
    private static void WriteScalar(Scalar scalar, Utf8JsonWriter writer)
    {
        if (scalar.Style != ScalarStyle.Plain)
        {
            writer.WriteStringValue(scalar.Value);
            return;
        }

        switch (scalar.Value)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                writer.WriteNullValue();
                break;
            case "true" or "True" or "TRUE":
                writer.WriteBooleanValue(true);
                break;
            case "false" or "False" or "FALSE":
                writer.WriteBooleanValue(false);
                break;
            case var text when TryInteger(text, out var number):
                writer.WriteNumberValue(number);
                break;
            case var text when text[0] is '-' or '.' or (>= '0' and <= '9')
                && double.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var real):
                writer.WriteNumberValue(real);
                break;
            case var text:
                writer.WriteStringValue(text);
                break;
        }
    }

    private static bool TryInteger(string text, out long number)
    {
        var negative = text[0] == '-';
        var digits = text[0] is '-' or '+' ? text.AsSpan(1) : text;
        var good = digits switch
        {
            ['0', 'x', .. var hex] => long.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number),
            ['0', 'o', .. var octal] => TryOctal(octal, out number),
            ['0', _, ..] => TryOctal(digits[1..], out number),
            _ => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number),
        };
        number = negative ? -number : number;
        return good;
    }

    private static bool TryOctal(ReadOnlySpan<char> digits, out long number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (digit is < '0' or > '7' || number > long.MaxValue >> 3)
            {
                return false;
            }

            number = (number << 3) + (digit - '0');
        }

        return digits.Length > 0;
    }
}
