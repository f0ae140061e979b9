namespace Portal.E2E;

/// <summary>How a program ended and what it said.</summary>
public sealed record CliResult(int ExitCode, string Out, string Err)
{
    /// <summary>Standard output without the line end.</summary>
    public string Line => Out.Trim();

    /// <summary>Standard output, one entry per line that is not empty.</summary>
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Fails the test with everything the program said, unless it ended with 0.</summary>
    public CliResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\nstdout: {Out}\nstderr: {Err}");
        return this;
    }
}
