using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>
/// Answers of the Dockerfile front end to what is asked about a Dockerfile (<c>docker build --call</c>, <c>--check</c>): JSON for programs and a
/// text for people, in the forms that BuildKit's clients read. Pure.
/// </summary>
internal static class Questions
{
    private const string Version = "1.0.0";

    /// <summary>Answers a question; one that nobody knows is refused.</summary>
    public static IReadOnlyDictionary<string, ByteString> Answer(string question, string file, DockerfileFacts facts) => question switch
    {
        "lint" => Lint(file, facts),
        "outline" => Pair(json => Outline(json, facts), OutlineText(facts)),
        "targets" => Pair(json => Targets(json, facts), TargetsText(facts)),
        "subrequests.describe" => Pair(Describe, "frontend.outline\nfrontend.targets\nfrontend.lint\nfrontend.subrequests.describe\n"),
        _ => throw new ErrorException(ErrorKind.NotImplemented, "build.request", $"unsupported request frontend.{question}"),
    };

    private static Dictionary<string, ByteString> Lint(string file, DockerfileFacts facts)
    {
        var answer = Pair(
            json =>
            {
                json.WriteStartObject();
                json.WriteStartArray("warnings");
                foreach (var warning in facts.Warnings)
                {
                    json.WriteStartObject();
                    json.WriteString("ruleName", warning.Rule);
                    json.WriteString("description", warning.Description);
                    json.WriteString("url", AddressOf(warning));
                    json.WriteString("detail", warning.Detail);
                    Location(json, warning.Line);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteStartArray("sources");
                json.WriteStartObject();
                json.WriteString("filename", file);
                json.WriteString("language", "Dockerfile");
                json.WriteBase64String("data", Encoding.UTF8.GetBytes(facts.Text));
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteEndObject();
            },
            string.Concat(facts.Warnings.Select(warning => $"\nWARNING: {warning.Rule} - {AddressOf(warning)}\n{warning.Detail}\n{file}:{warning.Line.ToString(CultureInfo.InvariantCulture)}\n")));
        answer["result.statuscode"] = ByteString.CopyFromUtf8(facts.Warnings.Count > 0 ? "1" : "0");
        return answer;
    }

    private static string AddressOf(DockerfileWarning warning)
    {
        var words = string.Concat(warning.Rule.Select((c, i) => char.IsUpper(c) && i > 0 && (char.IsLower(warning.Rule[i - 1]) || (i + 1 < warning.Rule.Length && char.IsLower(warning.Rule[i + 1]))) ? $"-{c}" : $"{c}"));
        return $"https://docs.docker.com/go/dockerfile/rule/{words.ToLowerInvariant()}/";
    }

    private static void Outline(Utf8JsonWriter json, DockerfileFacts facts)
    {
        json.WriteStartObject();
        json.WriteString("name", facts.Target.Name);
        json.WriteString("description", facts.Target.Description);
        json.WriteStartArray("args");
        foreach (var argument in facts.Arguments)
        {
            json.WriteStartObject();
            json.WriteString("name", argument.Name);
            json.WriteString("description", argument.Description);
            json.WriteString("value", argument.Value ?? "");
            Location(json, argument.Line);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Mounts("secrets", "name", facts.Secrets);
        Mounts("ssh", "name", facts.Agents);
        Mounts("cache", "ID", facts.Caches);
        Sources(json, facts);
        json.WriteEndObject();

        void Mounts(string list, string name, IReadOnlyList<MountFacts> mounts)
        {
            json.WriteStartArray(list);
            foreach (var mount in mounts)
            {
                json.WriteStartObject();
                json.WriteString(name, mount.Id);
                if (mount.Required)
                {
                    json.WriteBoolean("required", true);
                }

                Location(json, mount.Line);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    private static string OutlineText(DockerfileFacts facts)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"TARGET:      {(facts.Target.Name.Length > 0 ? facts.Target.Name : "(default)")}\n");
        if (facts.Target.Description.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"DESCRIPTION: {facts.Target.Description}\n");
        }

        Table(["BUILD ARG", "VALUE", "DESCRIPTION"], facts.Arguments.Select(argument => (string[])[argument.Name, argument.Value ?? "", argument.Description]));
        Table(["SECRET", "REQUIRED"], facts.Secrets.Select(Row));
        Table(["SSH", "REQUIRED"], facts.Agents.Select(Row));
        Table(["CACHE"], facts.Caches.Select(cache => (string[])[cache.Id]));
        return text.ToString();

        static string[] Row(MountFacts mount) => [mount.Id, mount.Required ? "true" : "false"];

        void Table(string[] head, IEnumerable<string[]> rows)
        {
            string[][] all = [head, .. rows];
            if (all.Length > 1)
            {
                text.Append('\n').Append(Aligned(all));
            }
        }
    }

    private static void Targets(Utf8JsonWriter json, DockerfileFacts facts)
    {
        json.WriteStartObject();
        json.WriteStartArray("targets");
        foreach (var stage in facts.Stages)
        {
            json.WriteStartObject();
            json.WriteString("name", stage.Name);
            json.WriteBoolean("default", stage == facts.Stages[^1]);
            json.WriteString("description", stage.Description);
            json.WriteString("base", stage.Base);
            json.WriteString("platform", stage.Platform);
            Location(json, stage.Line);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Sources(json, facts);
        json.WriteEndObject();
    }

    private static string TargetsText(DockerfileFacts facts) => Aligned(
    [
        ["TARGET", "DESCRIPTION"],
        .. facts.Stages.Where(stage => stage.Name.Length > 0 || stage == facts.Stages[^1]).Select(stage => (string[])
            [(stage.Name, stage == facts.Stages[^1]) switch { ("", _) => "(default)", (var name, true) => name + " (default)", (var name, _) => name }, stage.Description]),
    ]);

    private static string Aligned(string[][] rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length) + 3)];
        return string.Concat(rows.Select(row => string.Concat(row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd() + "\n"));
    }

    private static void Describe(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var (name, description) in (ReadOnlySpan<(string, string)>)
            [("outline", "List all parameters current build target supports"), ("targets", "List all targets current build supports"), ("lint", "Lint a Dockerfile"), ("subrequests.describe", "List available subrequest types")])
        {
            json.WriteStartObject();
            json.WriteString("name", "frontend." + name);
            json.WriteString("version", Version);
            json.WriteString("type", "rpc");
            json.WriteString("description", description);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Sources(Utf8JsonWriter json, DockerfileFacts facts)
    {
        json.WriteStartArray("sources");
        json.WriteBase64StringValue(Encoding.UTF8.GetBytes(facts.Text));
        json.WriteEndArray();
    }

    private static void Location(Utf8JsonWriter json, int line)
    {
        json.WriteStartObject("location");
        SourceRanges.Write(json, line);
        json.WriteEndObject();
    }

    private static Dictionary<string, ByteString> Pair(Action<Utf8JsonWriter> write, string text)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true }))
        {
            write(json);
        }

        return new(StringComparer.Ordinal)
        {
            ["result.json"] = ByteString.CopyFrom(buffer.WrittenSpan), ["result.txt"] = ByteString.CopyFromUtf8(text), ["version"] = ByteString.CopyFromUtf8(Version),
        };
    }
}
