using System.Text.Json;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Errors in the form that Docker's clients read: they show anything else as it came.</summary>
internal static class DockerRefusal
{
    private const string Place = "docker";

    /// <summary>True for requests of Docker's clients.</summary>
    public static bool IsFor(PathString path) =>
        path.StartsWithSegments("/api/v1/hosts", out var rest) && rest.Value?.Split('/', 4) is ["", _, Place, ..];

    public static async Task WriteAsync(HttpContext http, Error error, int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new ErrorMessage { Message = error.Message }, EngineJson.Default.ErrorMessage), http.RequestAborted);
    }
}
