namespace Portal.Runtime.Linux;

/// <summary>nftables refused a text; the message is what it said.</summary>
internal sealed class NftablesException(string message) : IOException($"nftables: {message}");
