using Microsoft.AspNetCore.Mvc;

namespace Portal.Api.Http;

internal static class ProducesProblemsExtensions
{
    /// <summary>Lists, for the API description, the failures an operation may answer besides those all have.</summary>
    public static TBuilder ProducesProblems<TBuilder>(this TBuilder builder, params int[] statuses) where TBuilder : IEndpointConventionBuilder
    {
        foreach (var status in statuses)
        {
            builder.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), ["application/problem+json"]));
        }

        return builder;
    }
}
