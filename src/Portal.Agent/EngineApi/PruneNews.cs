using System.Globalization;
using Portal.Runtime.Events;

namespace Portal.Agent.EngineApi;

/// <summary>Tells readers of events that things nobody uses were removed: an event of its own, beside those of each thing.</summary>
internal sealed class PruneNews(IRuntimeEvents events, TimeProvider time)
{
    /// <param name="type"><c>container</c>, <c>image</c>, <c>volume</c>, <c>network</c> or <c>builder</c>.</param>
    /// <param name="reclaimed">Bytes.</param>
    public void Tell(string type, long reclaimed) => events.Publish(new(
        type, "prune", "", new Dictionary<string, string> { ["reclaimed"] = reclaimed.ToString(CultureInfo.InvariantCulture) }, time.GetUtcNow()));
}
