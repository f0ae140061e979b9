using System.Text;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Layers;

/// <summary>Identity of a stack of layers (OCI image-spec, config.md, "Layer ChainID").</summary>
internal static class ChainId
{
    /// <summary>Chain ids of every prefix of <paramref name="diffIds"/>, lowest first.</summary>
    public static IReadOnlyList<Digest> Of(IReadOnlyList<Digest> diffIds)
    {
        var chain = new Digest[diffIds.Count];
        for (var i = 0; i < chain.Length; i++)
        {
            chain[i] = i == 0 ? diffIds[0] : Digest.Of(Encoding.ASCII.GetBytes($"{chain[i - 1]} {diffIds[i]}"));
        }

        return chain;
    }
}
