namespace Portal.Domain.Primitives;

/// <summary>What sort of failure an <see cref="Error"/> is. Every front door maps the kind to its own status in one place.</summary>
public enum ErrorKind
{
    /// <summary>The request itself is wrong (HTTP 400).</summary>
    Invalid,

    /// <summary>Nobody is signed in, or the credentials are wrong (401).</summary>
    Unauthorized,

    /// <summary>The actor may not do this (403).</summary>
    Forbidden,

    /// <summary>The object does not exist, or the actor may not know that it does (404).</summary>
    NotFound,

    /// <summary>The object's state does not allow this now (409).</summary>
    Conflict,

    /// <summary>Too many attempts; wait and try again (429).</summary>
    TooManyRequests,

    /// <summary>This engine cannot do this (501).</summary>
    NotImplemented,

    /// <summary>A part that is needed does not answer (503).</summary>
    Unavailable,

    /// <summary>The machine failed: a full disk, a kernel call, a helper process (500).</summary>
    Internal,
}

/// <summary>An expected failure, as a value.</summary>
/// <param name="Kind">Decides the status at each front door.</param>
/// <param name="Code">Stable machine-readable code of the form <c>area.reason</c>; never changes once released.</param>
/// <param name="Message">A full sentence for people: what happened, to which object, and what to do.</param>
public sealed record Error(ErrorKind Kind, string Code, string Message)
{
    /// <summary>How long to wait before trying again, where that is known.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Carries an <see cref="Error"/> out of the container runtime, where a value at every step would drown the code (ADR-0004).</summary>
public class ErrorException : Exception
{
    /// <summary>Wraps <paramref name="error"/>.</summary>
    public ErrorException(Error error, Exception? inner = null) : base(error.Message, inner) => Error = error;

    /// <summary>Builds the error in place.</summary>
    public ErrorException(ErrorKind kind, string code, string message, Exception? inner = null)
        : this(new Error(kind, code, message), inner) { }

    /// <summary>The failure.</summary>
    public Error Error { get; }
}
