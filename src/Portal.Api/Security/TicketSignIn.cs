using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Portal.Api.Http;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;

namespace Portal.Api.Security;

/// <summary>Signs a live connection in by its ticket, which is used up.</summary>
internal sealed class TicketSignIn(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, Tickets tickets, IActors actors)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync() =>
        tickets.Redeem(Tickets.Of(Request)) is { } ticket && await actors.FindAsync(ticket.Principal, Context.RequestAborted) != Actor.Anonymous
            ? AuthenticateResult.Success(ticket)
            : AuthenticateResult.Fail("unknown");

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => Authentication.RefuseAsync(Context);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => ErrorProblems.Forbidden().ExecuteAsync(Context);
}
