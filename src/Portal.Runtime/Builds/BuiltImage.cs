using Portal.Runtime.Images;

namespace Portal.Runtime.Builds;

/// <summary>The configuration of the image that a stage came to. Pure.</summary>
internal static class BuiltImage
{
    public static OciImage Of(StageState state, IReadOnlyDictionary<string, string> labels, DateTimeOffset now)
    {
        // The same for the same steps: a build of which every step is cached leads to the image that is there.
        var created = state.History.LastOrDefault(step => step.Created is not null)?.Created ?? now;
        return new()
        {
            Architecture = state.Platform.Architecture,
            Os = state.Platform.Os,
            Variant = state.Platform.Variant.Length == 0 ? null : state.Platform.Variant,
            Author = state.Author.Length == 0 ? null : state.Author,
            Created = created,
            Config = ImageDocument.Write(state.Config with { Labels = ConfigStep.Labels(state.Config.Labels, labels) }),
            History = [.. state.History.Select(step => step with { Created = step.Created ?? created })],
            Rootfs = new() { Type = "layers", DiffIds = [.. state.Layers.Select(layer => layer.DiffId.ToString())] },
        };
    }
}
