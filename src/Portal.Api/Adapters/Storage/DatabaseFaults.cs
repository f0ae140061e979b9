using System.Data.Common;

namespace Portal.Api.Adapters.Storage;

/// <summary>Tells a database that is away from a mistake.</summary>
internal static class DatabaseFaults
{
    /// <summary>True when the database could not be reached, or ended the connection: the same may work in a moment.</summary>
    public static bool IsAway(Exception exception) => Fault(exception) is { IsTransient: true };

    /// <summary>What it was, in one line.</summary>
    public static string Sentence(Exception exception) => Http.Printable.Of((Fault(exception) ?? exception).GetBaseException().Message);

    private static DbException? Fault(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is DbException fault)
            {
                return fault;
            }
        }

        return null;
    }
}
