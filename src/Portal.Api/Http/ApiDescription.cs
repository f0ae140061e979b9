using System.Net.Mime;
using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using Portal.Api.Security;
using Swashbuckle.AspNetCore.SwaggerGen;

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
            swagger.OperationFilter<PermissionText>();
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

    /// <summary>Writes each operation's permission into its text, and that all others need a token.</summary>
    private sealed class PermissionText : IOperationFilter
    {
        public void Apply(OpenApiOperation operation, OperationFilterContext context)
        {
            var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
            if (metadata.OfType<IAllowAnonymous>().Any())
            {
                return;
            }

            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", context.Document)] = [] }];
            foreach (var status in (ReadOnlySpan<string>)["401", "403"])
            {
                operation.Responses ??= [];
                operation.Responses.TryAdd(status, new OpenApiResponse
                {
                    Description = status == "401" ? "Not signed in" : "Not allowed",
                    Content = new Dictionary<string, OpenApiMediaType> { [MediaTypeNames.Application.ProblemJson] = new OpenApiMediaType() },
                });
            }

            if (metadata.OfType<RequiredPermission>().FirstOrDefault() is { } required)
            {
                operation.Description = $"{operation.Description} Needs the permission `{required.Permission}`.".Trim();
            }
        }
    }
}
