using System.Security.Claims;
using Portal.Domain.Access.Users;
using Portal.Domain.Primitives;

namespace Portal.Web.Components.Pages.Access;

/// <summary>What the first-run page sends.</summary>
public sealed class SetupValues
{
    public string? Secret { get; set; }

    public string? UserName { get; set; }

    public string? Password { get; set; }

    public string? Confirm { get; set; }
}

/// <summary>First run: the form's own checks, the administrator, and signed in straight away.</summary>
internal sealed class FirstRun(ISetup setup, ISignIn signIn)
{
    /// <summary>The new administrator's principal, or the sentence to show.</summary>
    public async Task<Result<ClaimsPrincipal>> RunAsync(SetupValues values, string source, CancellationToken ct)
    {
        if (string.IsNullOrWhiteSpace(values.Secret))
        {
            return new Error(ErrorKind.Invalid, "setup.secret", "Enter the setup secret. ./portal status prints it on the machine that runs Portal.");
        }

        if (string.IsNullOrWhiteSpace(values.UserName))
        {
            return new Error(ErrorKind.Invalid, "user.name", "Choose a user name for the administrator.");
        }

        if (string.IsNullOrEmpty(values.Password))
        {
            return new Error(ErrorKind.Invalid, "user.password", "Choose a password of at least 8 characters.");
        }

        if (!string.Equals(values.Password, values.Confirm, StringComparison.Ordinal))
        {
            return new Error(ErrorKind.Invalid, "user.confirm", "The two passwords are not the same. Type the password again in both fields.");
        }

        var created = await setup.CompleteAsync(new(values.Secret.Trim(), values.UserName.Trim(), values.Password), source, ct);
        return created.Error is { } error ? error : await signIn.PasswordAsync(values.UserName.Trim(), values.Password, null, source, ct);
    }
}
