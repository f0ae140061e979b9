using Portal.Domain.Access;

namespace Portal.Api.Adapters.Storage;

/// <summary>Kinds of subjects as they are stored.</summary>
internal static class SubjectText
{
    public static string Of(SubjectKind kind) => kind switch
    {
        SubjectKind.User => "user",
        SubjectKind.Team => "team",
        SubjectKind.Token => "token",
    };

    /// <summary>The subject; of a kind this version does not know, one that nobody is.</summary>
    public static Subject Read(string kind, string id) => kind switch
    {
        "user" => new(SubjectKind.User, id),
        "team" => new(SubjectKind.Team, id),
        _ => new(SubjectKind.Token, ""),
    };
}
