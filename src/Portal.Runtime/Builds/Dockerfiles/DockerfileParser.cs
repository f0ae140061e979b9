using System.Text;
using System.Text.RegularExpressions;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>Reads a Dockerfile: directives, lines and their continuation, comments, texts that follow a line, stages. Pure.</summary>
internal sealed partial class DockerfileParser
{
    /// <summary>Largest file that is read. Generated ones have thousands of lines, not millions.</summary>
    public const int MaximumBytes = 4 * 1024 * 1024;

    private readonly string[] _lines;
    private readonly List<BuildWarning> _warnings = [];
    private char _escape = '\\';
    private string? _syntax;
    private string? _checks;
    private int _at;

    private DockerfileParser(string text) => _lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="Domain.Primitives.ErrorException">400, naming the line.</exception>
    public static Dockerfile Parse(string text) => new DockerfileParser(text).ReadFile();

    /// <summary>Reads one instruction that an image carries for those that build on it.</summary>
    public static Instruction ParseTrigger(string text, int line)
    {
        var statements = new DockerfileParser(text).Statements().ToList();
        return statements.Count == 1
            ? InstructionParser.Parse(statements[0] with { Line = line }, '\\')
            : throw DockerfileErrors.At(line, $"the base image's trigger is no instruction: {text}");
    }

    private Dockerfile ReadFile()
    {
        var globals = new List<ArgInstruction>();
        var stages = new List<(Stage Head, List<Instruction> Instructions)>();
        ReadDirectives();
        foreach (var statement in Statements())
        {
            if (statement.Word == "FROM")
            {
                var stage = InstructionParser.ParseFrom(statement);
                if (stage.Name is { } name && stages.Exists(other => other.Head.Name == name))
                {
                    _warnings.Add(new(stage.Line, $"Duplicate stage name \"{name}\", stage names should be unique"));
                }

                stages.Add((stage, []));
                continue;
            }

            var instruction = InstructionParser.Parse(statement, _escape);
            if (stages.Count > 0)
            {
                stages[^1].Instructions.Add(instruction);
            }
            else if (instruction is ArgInstruction global)
            {
                globals.Add(global);
            }
            else
            {
                throw DockerfileErrors.At(statement.Line, $"no build stage in current context: {statement.Word} stands before the first FROM");
            }
        }

        return stages.Count > 0
            ? new(globals, [.. stages.Select(stage => stage.Head with { Instructions = stage.Instructions })], _escape, _syntax, _warnings) { Checks = _checks }
            : throw DockerfileErrors.Whole(globals.Count > 0 ? "dockerfile parse error: no build stage in current context" : "dockerfile parse error: file with no instructions");
    }

    /// <summary>Comments of the form <c># name=value</c> before everything else. The first line that is none ends them.</summary>
    private void ReadDirectives()
    {
        var seen = new HashSet<string>();
        for (; _at < _lines.Length && Directive().Match(_lines[_at]) is { Success: true } match; _at++)
        {
            var (name, value) = (match.Groups[1].Value.ToLowerInvariant(), match.Groups[2].Value);
            if (name is not ("syntax" or "escape" or "check"))
            {
                return;
            }

            if (!seen.Add(name))
            {
                throw DockerfileErrors.At(_at + 1, $"only one {name} parser directive can be used");
            }

            switch (name)
            {
                case "syntax":
                    _syntax = value;
                    break;
                case "escape":
                    _escape = value is "\\" or "`" ? value[0] : throw DockerfileErrors.At(_at + 1, $"invalid escape token '{value}' does not match ` or \\");
                    break;
                default:
                    _checks = value;
                    break;
            }
        }
    }

    private IEnumerable<Statement> Statements()
    {
        var comments = new List<string>();
        while (_at < _lines.Length)
        {
            var start = _at + 1;
            var line = _lines[_at++].TrimStart();
            if (line.StartsWith('#'))
            {
                comments.Add(line[1..].Trim());
                continue;
            }

            if (line.Trim().Length == 0)
            {
                comments.Clear();
                continue;
            }

            var whole = new StringBuilder();
            var more = TakeContinuation(ref line);
            if (more && line.Length == 0)
            {
                continue;
            }

            whole.Append(line);
            var empty = false;
            while (more && _at < _lines.Length)
            {
                line = _lines[_at++];
                if (line.TrimStart().StartsWith('#'))
                {
                    continue;
                }

                if (line.Trim().Length == 0)
                {
                    empty = true;
                    continue;
                }

                more = TakeContinuation(ref line);
                whole.Append(line);
            }

            if (empty)
            {
                _warnings.Add(new(start, "Empty continuation line found in: " + whole));
            }

            yield return ReadStatement(whole.ToString().Trim(), start) with { Comments = [.. comments] };
            comments.Clear();
        }
    }

    private Statement ReadStatement(string text, int line)
    {
        var blank = text.AsSpan().IndexOfAny(" \t\v\f\r");
        var word = blank < 0 ? text : text[..blank];
        var (flags, rest) = blank < 0 ? ([], "") : Words.TakeFlags(text[blank..]);
        var statement = new Statement(word.ToUpperInvariant(), flags, rest, text, line, []);
        var command = statement.Word == "ONBUILD" ? Words.Fields(rest).FirstOrDefault()?.ToUpperInvariant() : statement.Word;
        if (command is not ("RUN" or "COPY" or "ADD") || !rest.Contains("<<", StringComparison.Ordinal) || JsonForm.TryRead(rest, line) is not null)
        {
            return statement;
        }

        return statement with { Heredocs = [.. Heredoc.Of(rest).Select(heredoc => heredoc with { Content = ReadHeredoc(heredoc, line) })] };
    }

    private string ReadHeredoc(Heredoc heredoc, int start)
    {
        var content = new StringBuilder();
        while (_at < _lines.Length)
        {
            var line = _lines[_at++];
            if ((heredoc.Chomps ? line.TrimStart('\t') : line) == heredoc.Name)
            {
                return content.ToString();
            }

            content.Append(line).Append('\n');
        }

        throw DockerfileErrors.At(start, $"unterminated heredoc: no line after it is {heredoc.Name} alone");
    }

    /// <summary>Takes the escape character from the end of a line that goes on in the next one.</summary>
    private bool TakeContinuation(ref string line)
    {
        var trimmed = line.TrimEnd(' ', '\t');
        if (trimmed.Length == 0 || trimmed[^1] != _escape || (trimmed.Length > 1 && trimmed[^2] == _escape))
        {
            return false;
        }

        line = trimmed[..^1];
        return true;
    }

    [GeneratedRegex(@"^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")]
    private static partial Regex Directive();
}

/// <summary>An instruction before its rest is read.</summary>
/// <param name="Word">Upper case.</param>
/// <param name="Flags">With their dashes.</param>
/// <param name="Rest">What follows the flags.</param>
/// <param name="Text">The whole.</param>
/// <param name="Line">Where it begins.</param>
/// <param name="Heredocs">Texts that follow it.</param>
internal sealed record Statement(string Word, IReadOnlyList<string> Flags, string Rest, string Text, int Line, IReadOnlyList<Heredoc> Heredocs)
{
    /// <summary>Lines of comment right before it.</summary>
    public IReadOnlyList<string> Comments { get; init; } = [];

    /// <summary>What a comment says of a name: <c># name description</c>; empty for nothing.</summary>
    public string DescriptionOf(string? name) => name is null ? "" : Comments.LastOrDefault(line => line.StartsWith(name + " ", StringComparison.OrdinalIgnoreCase))?[name.Length..].Trim() ?? "";
}
