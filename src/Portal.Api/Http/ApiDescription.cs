using Microsoft.OpenApi;

namespace Portal.Api.Http;

/// <summary>The OpenAPI document and its pages.</summary>
internal static class ApiDescription
{
    public const string Document = "v1";

    public static IServiceCollection AddApiDescription(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc(Document, new OpenApiInfo
            {
                Title = "Portal", Version = Document,
                Description = "The control plane's REST API. Failures are problem details (RFC 9457) whose `code` never changes. Live data is at the SignalR hub `/hubs/live`.",
            });
            swagger.AddSecurityDefinition("bearer", new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT", Description = "An access token of POST /api/v1/auth/token.",
            });
            swagger.SupportNonNullableReferenceTypes();
            swagger.OperationFilter<OperationText>();
            swagger.DocumentFilter<AnswerText>();
            swagger.SchemaFilter<ProblemText>();
            swagger.SchemaFilter<NullableText>();
            foreach (var name in (ReadOnlySpan<string>)["Portal.Api.xml", "Portal.Domain.xml"])
            {
                var path = Path.Combine(AppContext.BaseDirectory, name);
                if (File.Exists(path))
                {
                    swagger.IncludeXmlComments(path);
                }
            }
        });
        return services;
    }
}
