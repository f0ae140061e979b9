using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Registries;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>
/// Credentials as clients send them: JSON in base64, of either alphabet, with padding or without. What is wrong with them is told without telling
/// anything of them.
/// </summary>
internal static class RegistryAuth
{
    private const int MaximumLength = 16 * 1024;
    private const string Problem = "invalid X-Registry-Auth header: ";

    /// <summary>Credentials of the X-Registry-Auth header; null for nobody's.</summary>
    /// <exception cref="ErrorException">400: it is malformed.</exception>
    public static IRegistryCredentials? Parse(string? header)
    {
        if (string.IsNullOrEmpty(header))
        {
            return null;
        }

        if (header.Length > MaximumLength)
        {
            throw EngineErrors.Invalid("registry.auth", Problem + $"it is longer than {MaximumLength} characters");
        }

        var json = new byte[header.Length];
        var text = Encoding.ASCII.GetBytes(header.Trim().TrimEnd('=').Replace('+', '-').Replace('/', '_'));
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromUtf8(text, json, out var length))
        {
            throw EngineErrors.Invalid("registry.auth", Problem + "it is not base64");
        }

        return Read(json.AsSpan(0, length)) is { } config && Credential(config) is { } credential ? new Same(credential) : null;
    }

    /// <summary>Credentials of a body or header; null when there are none in it.</summary>
    /// <exception cref="ErrorException">400: a part is malformed.</exception>
    public static RegistryCredential? Credential(AuthConfig config)
    {
        var (user, password) = (config.Username ?? "", config.Password ?? "");
        if (user.Length == 0 && password.Length == 0 && config.Auth is { Length: > 0 } auth)
        {
            var both = new byte[auth.Length];
            if (!Convert.TryFromBase64String(auth, both, out var length) || Encoding.UTF8.GetString(both, 0, length).Split(':', 2) is not [var first, var second])
            {
                throw EngineErrors.Invalid("registry.auth", "invalid credentials: auth is not the base64 of user:password");
            }

            (user, password) = (first, second.TrimEnd('\0'));
        }

        var (identity, token) = (config.IdentityToken ?? "", config.RegistryToken ?? "");
        if ((user + password + identity + token).AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            throw EngineErrors.Invalid("registry.auth", "invalid credentials: they have characters that no header can have");
        }

        return password.Length + identity.Length + token.Length == 0 ? null : new(user, password, identity, token);
    }

    private static AuthConfig? Read(ReadOnlySpan<byte> json)
    {
        if (json.Trim(" \t\r\n"u8).IsEmpty)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(json, EngineBody.Strict.AuthConfig);
        }
        catch (JsonException)
        {
            // Its message may quote what it could not read.
            throw EngineErrors.Invalid("registry.auth", Problem + "it is not the JSON of credentials");
        }
    }

    private sealed class Same(RegistryCredential credential) : IRegistryCredentials
    {
        public Task<RegistryCredential?> ForAsync(string registry, CancellationToken ct) => Task.FromResult<RegistryCredential?>(credential);
    }
}
