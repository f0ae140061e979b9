using System.Net;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Registries;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Registries as the Engine API shows them.</summary>
internal static class RegistryMapping
{
    private const string Hub = "docker.io";

    public static void Show(RegistrySettings settings, SystemInfo info)
    {
        info.IndexServerAddress = "https://index.docker.io/v1/";
        List<string> mirrors = [.. settings.Mirrors.Select(m => m.EndsWith('/') ? m : m + "/")];
        info.RegistryConfig = new()
        {
            InsecureRegistryCIDRs = [.. settings.Insecure.Where(IsNetwork), "::1/128", "127.0.0.0/8"],
            IndexConfigs = settings.Insecure.Where(i => !IsNetwork(i)).Distinct().ToDictionary(i => i, i => new InfoRegistryIndex { Name = i, Mirrors = [], Secure = false, Official = false }),
            Mirrors = mirrors,
        };
        info.RegistryConfig.IndexConfigs[Hub] = new() { Name = Hub, Mirrors = [.. mirrors], Secure = true, Official = true };
        info.HttpProxy = RegistryProxies.Show(settings.Proxies.Http);
        info.HttpsProxy = RegistryProxies.Show(settings.Proxies.Https);
        info.NoProxy = settings.Proxies.Except;
    }

    public static DistributionInspect Show(RemoteImage image) => new()
    {
        Descriptor = new() { MediaType = image.MediaType, Digest = image.Digest.ToString(), Size = image.Size },
        Platforms = [.. image.Platforms.Select(p => p.Split('/')).Select(p => new DistributionPlatform { Os = p[0], Architecture = p.ElementAtOrDefault(1) ?? "", Variant = p.ElementAtOrDefault(2) })],
    };

    public static SearchResultItem Show(FoundRepository found) =>
        new() { Name = found.Name, Description = found.Description, StarCount = found.Stars, IsOfficial = found.IsOfficial, IsAutomated = found.IsAutomated };

    private static bool IsNetwork(string text) => IPNetwork.TryParse(text, out _);
}
