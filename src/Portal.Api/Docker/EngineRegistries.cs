using System.Text.Json;
using Portal.Api.Adapters.Storage;
using Portal.Api.Http;
using Portal.Domain.Access;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Domain.Registries;

namespace Portal.Api.Docker;

/// <summary>Signs in to registries from hosts.</summary>
internal sealed class EngineRegistries(EngineRequests engine)
{
    /// <summary>Tries the credentials. That the registry does not take them is an answer, and no error.</summary>
    /// <returns>What the registry said, and whether it took them.</returns>
    public async Task<Result<(bool Succeeded, string Message)>> SignInAsync(Actor actor, HostId host, Registry registry, RegistrySecret secret, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(RegistryHeader.SignIn(registry, secret), EngineJson.Default.AuthConfig);
        var answer = await engine.ReadAsync(actor, host, new("CheckRegistry", "POST", "auth") { Body = body }, EngineJson.Default.AuthResponse, ct);
        if (answer.Error is not { } error)
        {
            return (true, Printable.Of(answer.Value.Status, 1024));
        }

        return error.Code.StartsWith("engine.", StringComparison.Ordinal) ? (false, Hide(error.Message, secret)) : error;
    }

    /// <summary>A registry may say back what it was told.</summary>
    private static string Hide(string message, RegistrySecret secret)
    {
        foreach (var word in (string?[])[secret.Password, secret.Token])
        {
            message = word is { Length: > 0 } ? message.Replace(word, "…", StringComparison.Ordinal) : message;
        }

        return message;
    }
}
