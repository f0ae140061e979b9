using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>The refusal that says how long to wait.</summary>
internal static class Throttling
{
    public static Error Refusal(string code, TimeSpan wait)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        return new(ErrorKind.TooManyRequests, code, $"Too many failed attempts. Try again in {seconds} {(seconds == 1 ? "second" : "seconds")}.")
        {
            RetryAfter = TimeSpan.FromSeconds(seconds),
        };
    }
}
