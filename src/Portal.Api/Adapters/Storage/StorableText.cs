using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Portal.Api.Adapters.Storage;

/// <summary>
/// Text as every database keeps it. PostgreSQL takes no zero characters and no half of a pair (🐳 cut in two), and people's requests have both: each becomes
/// the character that stands for what cannot be shown.
/// </summary>
internal sealed class StorableText : DbCommandInterceptor
{
    private const char Unknown = '\uFFFD';

    /// <summary>The text without what cannot be stored.</summary>
    public static string Of(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (IsUnstorable(text, i))
            {
                return string.Create(text.Length, text, (result, from) =>
                {
                    for (var at = 0; at < from.Length; at++)
                    {
                        result[at] = IsUnstorable(from, at) ? Unknown : from[at];
                    }
                });
            }
        }

        return text;
    }

    public override InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        Clean(command);
        return result;
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Clean(command);
        return new(result);
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Clean(command);
        return new(result);
    }

    private static bool IsUnstorable(string text, int at) => text[at] switch
    {
        '\0' => true,
        var c when char.IsHighSurrogate(c) => at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1]),
        var c when char.IsLowSurrogate(c) => at == 0 || !char.IsHighSurrogate(text[at - 1]),
        _ => false,
    };

    private static void Clean(DbCommand command)
    {
        foreach (DbParameter parameter in command.Parameters)
        {
            if (parameter.Value is string text)
            {
                parameter.Value = Of(text);
            }
        }
    }
}
