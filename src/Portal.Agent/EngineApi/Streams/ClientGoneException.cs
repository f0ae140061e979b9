namespace Portal.Agent.EngineApi.Streams;

/// <summary>A write found that the client has left. That ends its request, and is nobody's fault.</summary>
internal sealed class ClientGoneException() : OperationCanceledException("The client is gone.");
