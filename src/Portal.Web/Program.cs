using Portal.Web;

var builder = WebApplication.CreateBuilder(args);
builder.AddPortalWeb();

var app = builder.Build();
app.UsePortalWeb();
app.UseAntiforgery();
app.MapPortalWeb();
app.Run();
