using System.Text.RegularExpressions;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.BuildKit.Rpc;

/// <summary>
/// Which records of the cache a client means: lists of conditions that all hold (<c>type==regular,inuse</c>), of which one list is to.
/// A field alone asks whether it is there, and may be followed by <c>==</c>, <c>!=</c> or <c>~=</c> and a value. Pure.
/// </summary>
internal sealed partial class UsageFilter
{
    private readonly List<List<Func<BuildCacheRecord, bool>>> _lists;

    private UsageFilter(List<List<Func<BuildCacheRecord, bool>>> lists) => _lists = lists;

    /// <summary>Everything is meant.</summary>
    public bool IsEmpty => _lists.Count == 0;

    /// <exception cref="ErrorException">400: it cannot be read. A prune never takes more than was asked for.</exception>
    public static UsageFilter Read(IEnumerable<string> texts)
    {
        var lists = new List<List<Func<BuildCacheRecord, bool>>>();
        foreach (var text in texts.Select(text => text.Trim()))
        {
            if (text.Length == 0)
            {
                // One that everything fits.
                return new([]);
            }

            lists.Add([.. text.Split(',').Select(condition => Condition(condition, text))]);
        }

        return new(lists);
    }

    public bool Matches(BuildCacheRecord record) => IsEmpty || _lists.Exists(list => list.TrueForAll(holds => holds(record)));

    private static Func<BuildCacheRecord, bool> Condition(string condition, string whole)
    {
        if (Form().Match(condition) is not { Success: true } form)
        {
            throw Bad(whole);
        }

        var (field, sign, value) = (form.Groups[1].Value, form.Groups[2].Value, form.Groups[3].Value.Trim('"'));
        Func<BuildCacheRecord, string?> read = field switch
        {
            "id" => record => record.Id,
            "parents" => record => string.Join(';', record.Parents),
            "description" => record => record.Description,
            "type" => record => record.Kind,
            "inuse" => record => record.InUse ? "true" : null,
            "shared" => record => record.Shared ? "true" : null,
            "private" => record => record.Shared ? null : "true",
            "mutable" => record => record.Kind == "exec.cachemount" ? "true" : null,
            "immutable" => record => record.Kind == "exec.cachemount" ? null : "true",
            _ => throw Bad(whole),
        };
        switch (sign)
        {
            case "":
                return record => read(record) is not null;
            case "==":
                return record => (read(record) ?? "false") == value;
            case "!=":
                return record => (read(record) ?? "false") != value;
            default:
                try
                {
                    // It is a client's: it must not take forever.
                    var pattern = new Regex(value, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
                    return record => pattern.IsMatch(read(record) ?? "false");
                }
                catch (Exception e) when (e is ArgumentException or NotSupportedException)
                {
                    throw Bad(whole);
                }
        }
    }

    private static ErrorException Bad(string text) =>
        EngineErrors.Invalid("build.filter", $"invalid filter \"{text}\": write id, parents, description, type, inuse, shared, private, mutable or immutable, with ==, != or ~= and a value");

    [GeneratedRegex("^ *([a-z]+) *(?:(==|!=|~=) *(.*))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
