using Portal.Api;

// The control plane without its web pages: for automation, tests and the OpenAPI document.
return await PortalApi.RunPortalAsync(args, () =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddPortalApi();
    return builder.Build().MapPortalApi();
});

/// <summary>Internal, so that it does not meet the entry class of the project that hosts this one.</summary>
internal sealed partial class Program;
