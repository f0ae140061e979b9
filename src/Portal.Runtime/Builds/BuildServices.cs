using Portal.Runtime.Builds.Cache;
using Portal.Runtime.Builds.Fetching;
using Portal.Runtime.Builds.Running;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Builds;

/// <summary>What every build works with.</summary>
internal sealed record BuildServices(
    RuntimeOptions Options, ImageStore Images, ILayerStore Layers, RunStep Runs, BuildCache Cache, CacheMounts Mounts, HttpFetch Http, GitFetch Git, TimeProvider Time, IRegistries Registries);
