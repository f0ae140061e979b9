using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.Swagger;

namespace Portal.Api.Tests.Http;

public class OpenApiDriftTests(PortalHost portal) : IClassFixture<PortalHost>
{
    /// <summary>An API change must show as a diff of the committed document. PORTAL_UPDATE_OPENAPI=1 writes it anew.</summary>
    [Fact]
    public async Task Document_Committed_IsTheOneServed()
    {
        var served = portal.Services.GetRequiredService<ISwaggerProvider>().GetSwagger("v1");
        var text = await served.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1) + "\n";
        var path = ApiDocument.Path;
        if (Environment.GetEnvironmentVariable("PORTAL_UPDATE_OPENAPI") == "1")
        {
            await File.WriteAllTextAsync(path, text);
        }

        Assert.Equal(await File.ReadAllTextAsync(path), text);
    }
}
