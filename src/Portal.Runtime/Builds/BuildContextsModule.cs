using Microsoft.Extensions.DependencyInjection;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Runtime.Builds;

internal static class BuildContextsModule
{
    /// <summary>Registers where clients' files are brought to, and the files of images.</summary>
    public static IServiceCollection AddBuildContexts(this IServiceCollection services) => services
        .AddSingleton<ContextFolders>()
        .AddSingleton<ImageTrees>();
}
