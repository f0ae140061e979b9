using Microsoft.Extensions.DependencyInjection;
using Portal.Runtime.Layers;

namespace Portal.Runtime.Images;

/// <summary>Registers the image and layer stores. Needs <see cref="RuntimeOptions"/>, events, the container store and a clock.</summary>
internal static class ImagesModule
{
    public static IServiceCollection AddImages(this IServiceCollection services)
    {
        services.AddSingleton<OverlayLayerStore>();
        services.AddSingleton<ILayerStore>(s => s.GetRequiredService<OverlayLayerStore>());
        services.AddSingleton<Func<IImageUsage>>(s => s.GetRequiredService<IImageUsage>);
        services.AddSingleton<ImageStore>();
        services.AddSingleton(s => s.GetRequiredService<ImageStore>().Content);
        services.AddSingleton<IImages>(s => s.GetRequiredService<ImageStore>());
        return services;
    }
}
