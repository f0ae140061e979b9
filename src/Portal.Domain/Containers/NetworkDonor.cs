namespace Portal.Domain.Containers;

/// <summary>The network mode <c>container:x</c>: a container that lives in the network of another one, its donor.</summary>
public static class NetworkDonor
{
    private const string Prefix = "container:";

    /// <summary>True for <c>container:x</c>, also with nothing behind the colon.</summary>
    public static bool IsOne(string networkMode) => networkMode.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Name or id of the donor; null for any other mode.</summary>
    public static string? Of(string networkMode) => IsOne(networkMode) ? networkMode[Prefix.Length..] : null;

    /// <summary>The mode of a donor.</summary>
    public static string Mode(string donor) => Prefix + donor;
}
