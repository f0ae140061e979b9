using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;

namespace Portal.Api.Tests;

/// <summary>Gives requests in memory the request line that a server would have read.</summary>
internal sealed class RequestLine : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, then) =>
        {
            context.Features.Get<IHttpRequestFeature>()!.RawTarget = context.Request.GetEncodedPathAndQuery();
            return then(context);
        });
        next(app);
    };
}
