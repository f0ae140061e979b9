using Grpc.Core;
using Grpc.Core.Interceptors;
using Portal.Domain.Primitives;

namespace Portal.Agent.BuildKit.Rpc;

/// <summary>The one place where failures become statuses of gRPC.</summary>
internal sealed class ErrorWords(ILogger<ErrorWords> log) : Interceptor
{
    public static RpcException Of(Exception e) => e switch
    {
        RpcException known => known,
        ErrorException { Error: var error } => new(new(CodeOf(error.Kind), error.Message)),
        OperationCanceledException => new(new(StatusCode.Cancelled, "context canceled")),
        _ => new(new(StatusCode.Unknown, e.Message)),
    };

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e)
        {
            throw Told(e, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception e)
        {
            throw Told(e, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception e)
        {
            throw Told(e, context);
        }
    }

    private static StatusCode CodeOf(ErrorKind kind) => kind switch
    {
        // BuildKit knows no better for most, and its clients show any other code in front of the words.
        ErrorKind.Invalid or ErrorKind.NotFound or ErrorKind.Conflict or ErrorKind.Internal => StatusCode.Unknown,
        ErrorKind.Unauthorized => StatusCode.Unauthenticated,
        ErrorKind.Forbidden => StatusCode.PermissionDenied,
        ErrorKind.TooManyRequests => StatusCode.ResourceExhausted,
        ErrorKind.NotImplemented => StatusCode.Unimplemented,
        ErrorKind.Unavailable => StatusCode.Unavailable,
    };

    private RpcException Told(Exception e, ServerCallContext context)
    {
        if (e is not ErrorException and not RpcException and not OperationCanceledException)
        {
            log.RequestFailed(e, "POST", context.Method);
        }

        return Of(e);
    }
}
