using System.Text.Json;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>Arguments as a JSON array. Pure.</summary>
internal static class JsonForm
{
    /// <summary>The arguments; null when the text is no JSON array and so means something else.</summary>
    /// <exception cref="Domain.Primitives.ErrorException">400: an array of something else than strings.</exception>
    public static List<string>? TryRead(string text, int line)
    {
        if (!text.StartsWith('['))
        {
            return null;
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, new() { MaxDepth = 8 });
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // The latter for text that is no Unicode.
            return null;
        }

        using (document)
        {
            var arguments = new List<string>();
            foreach (var element in document.RootElement.EnumerateArray())
            {
                try
                {
                    arguments.Add(element.ValueKind == JsonValueKind.String ? element.GetString()! : throw DockerfileErrors.At(line, "when using JSON array syntax, arrays must be comprised of strings only"));
                }
                catch (InvalidOperationException)
                {
                    throw DockerfileErrors.At(line, "when using JSON array syntax, strings must be valid Unicode");
                }
            }

            return arguments;
        }
    }
}
