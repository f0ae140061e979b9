using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Refusals in Docker's words.</summary>
internal static class NetworkErrors
{
    public static ErrorException NotFound(string reference) => new(ErrorKind.NotFound, "network.not_found", $"network {reference} not found");

    public static ErrorException Invalid(string message) => new(ErrorKind.Invalid, "network.invalid", message);

    public static ErrorException Forbidden(string code, string message) => new(ErrorKind.Forbidden, "network." + code, message);

    public static ErrorException Overlap(string detail) =>
        Forbidden("subnet_overlap", $"invalid pool request: Pool overlaps with other one on this address space{detail}");
}
