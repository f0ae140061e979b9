using System.Security.Cryptography;
using Google.Protobuf;
using Portal.Agent.BuildKit.Wire;
using Portal.Domain.Primitives;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>
/// Results of builds that a client hands on, as a context of another build (bake, compose). It knows them as definitions that it never looks
/// into, so that a definition of one source with the reference in it is all that is needed. Any other definition is refused.
/// </summary>
internal static class BuildReference
{
    private const string Scheme = "portal-build://";

    /// <summary>A definition that stands for a result.</summary>
    public static Definition Define(string reference)
    {
        var source = new Op { Source = new() { Identifier = Scheme + reference } }.ToByteString();
        var end = new Op { Inputs = { new Input { Digest = DigestOf(source) } } }.ToByteString();
        var definition = new Definition { Def = { source, end } };
        definition.Metadata[DigestOf(source)] = new();
        definition.Metadata[DigestOf(end)] = new();
        return definition;
    }

    /// <summary>The reference that a definition stands for.</summary>
    public static string Read(Definition definition)
    {
        foreach (var bytes in definition.Def)
        {
            try
            {
                if (Op.Parser.ParseFrom(bytes).Source?.Identifier is { } identifier && identifier.StartsWith(Scheme, StringComparison.Ordinal))
                {
                    return identifier[Scheme.Length..];
                }
            }
            catch (InvalidProtocolBufferException)
            {
                // Not one of ours.
            }
        }

        throw Refusal();
    }

    /// <summary>What a client is told that draws up a build by itself.</summary>
    public static ErrorException Refusal() =>
        new(ErrorKind.NotImplemented, "build.definition", "builds from a definition (LLB) are not supported by this engine: it builds Dockerfiles");

    private static string DigestOf(ByteString bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
}
