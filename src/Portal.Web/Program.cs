using Portal.Api;
using Portal.Web;

return await PortalApi.RunPortalAsync(args, () =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddPortalApi();
    builder.AddPortalWeb();
    return builder.Build().UsePortalWeb().MapPortalApi().MapPortalWeb();
});

/// <summary>Internal, so that it does not meet the entry class of the project that is hosted here.</summary>
internal sealed partial class Program;
