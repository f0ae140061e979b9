namespace Portal.Api.Security;

/// <summary>Counts attempts to sign in, in whatever way: failures per account and source, and attempts per source.</summary>
internal sealed class SignInAttempts(TimeProvider time)
{
    private readonly AttemptThrottle _throttle = new(time);
    private readonly SourceLimit _sources = new(time);

    /// <summary>Counts an attempt of a source; how long to wait when there were too many, else zero.</summary>
    public TimeSpan Enter(string source) => _sources.Enter(source);

    /// <summary>How long the account must still wait for that source.</summary>
    /// <param name="name">The account's normalised name; empty for none that there is.</param>
    /// <param name="source">The caller's address.</param>
    public TimeSpan WaitOf(string name, string source) => _throttle.WaitOf(Key(name, source));

    /// <summary>Counts a failure.</summary>
    public void Failed(string name, string source) => _throttle.Failed(Key(name, source));

    /// <summary>Forgets the failures.</summary>
    public void Succeeded(string name, string source) => _throttle.Succeeded(Key(name, source));

    private static string Key(string name, string source) => $"{name} {source}";
}
