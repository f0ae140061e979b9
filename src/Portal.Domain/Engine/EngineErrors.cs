using Portal.Domain.Primitives;

namespace Portal.Domain.Engine;

/// <summary>What is wrong with a request of the Engine API, in Docker's words where it has some.</summary>
public static class EngineErrors
{
    /// <summary>The request itself is wrong.</summary>
    public static ErrorException Invalid(string code, string message) => new(ErrorKind.Invalid, code, message);

    /// <summary>What this engine does not do (yet). <paramref name="what"/> starts the sentence.</summary>
    public static ErrorException NotSupported(string what) => new(ErrorKind.NotImplemented, "engine.not_supported", what + " not supported yet by this engine");
}
