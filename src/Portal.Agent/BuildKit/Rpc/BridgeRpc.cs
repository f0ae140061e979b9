using Grpc.Core;
using Portal.Agent.BuildKit.Solving;
using Portal.Agent.BuildKit.Wire;
using Portal.Agent.BuildKit.Wire.Gateway;
using Portal.Domain.Engine;
using SolveRequest = Portal.Agent.BuildKit.Wire.Gateway.SolveRequest;
using SolveResponse = Portal.Agent.BuildKit.Wire.Gateway.SolveResponse;

namespace Portal.Agent.BuildKit.Rpc;

/// <summary>
/// What a front end on the client's side calls. buildx is one: it asks for its Dockerfile to be solved, and returns what it got. As in
/// BuildKit, what is asked for here is only drawn up, and built when its result is wanted.
/// </summary>
internal sealed class BridgeRpc(BuildJobs jobs, Solver solver, ControlRpc control) : LLBBridge.LLBBridgeBase
{
    private static readonly string[] s_frontend =
    [
        "solve.base", "return", "returnmap", "proto.refarray", "frontend.inputs", "gateway.solve.metadata", "frontend.caps", "gateway.warnings", "importcaches", "gateway.evaluate", "gateway.solve.evaluate",
        "reference.output",
    ];

    private static readonly string[] s_build = ["source.image", "source.local", "source.local.includepatterns", "source.local.excludepatterns", "source.local.followpaths", "exporter.multiple"];

    public override Task<PongResponse> Ping(PingRequest request, ServerCallContext context)
    {
        var pong = new PongResponse { Workers = { control.Worker() } };
        pong.FrontendApiCaps.AddRange(s_frontend.Select(id => new Capability { Id = id, Enabled = true }));
        pong.LlbCaps.AddRange(s_build.Select(id => new Capability { Id = id, Enabled = true }));
        return Task.FromResult(pong);
    }

    public override async Task<SolveResponse> Solve(SolveRequest request, ServerCallContext context)
    {
        var job = await JobAsync(context);
        if (request.Definition?.Def.Count > 0)
        {
            throw BuildReference.Refusal();
        }

        var attributes = SolveAttributes.Read(request.Frontend, request.FrontendOpt);
        var inputs = request.FrontendInputs.ToDictionary(i => i.Key, i => BuildReference.Read(i.Value), StringComparer.Ordinal);
        if (attributes.Question is { } question)
        {
            var answer = new Result();
            answer.Metadata.Add(new Dictionary<string, Google.Protobuf.ByteString>(await solver.AnswerAsync(job, attributes, question)));
            return new() { Result = answer };
        }

        var reference = solver.Ask(job, attributes with { Inputs = inputs });
        if (request.Evaluate)
        {
            _ = await job.Asked[reference].ResultAsync().WaitAsync(context.CancellationToken);
        }

        return new() { Result = new() { Ref = new() { Id = reference, Def = BuildReference.Define(reference) } } };
    }

    public override async Task<ReturnResponse> Return(ReturnRequest request, ServerCallContext context)
    {
        var job = await JobAsync(context);
        return job.Returned.TrySetResult(request) ? new() : throw EngineErrors.Invalid("build.return", "the result was returned already");
    }

    public override async Task<EvaluateResponse> Evaluate(EvaluateRequest request, ServerCallContext context)
    {
        var asked = (await JobAsync(context)).Asked.GetValueOrDefault(request.Ref) ?? throw EngineErrors.Invalid("build.ref", $"no such ref: {request.Ref}");
        _ = await asked.ResultAsync().WaitAsync(context.CancellationToken);
        return new();
    }

    public override Task<InputsResponse> Inputs(InputsRequest request, ServerCallContext context) => Task.FromResult(new InputsResponse());

    public override async Task<WarnResponse> Warn(WarnRequest request, ServerCallContext context)
    {
        var job = await JobAsync(context);
        var warning = new VertexWarning { Level = request.Level, Short = request.Short, Url = request.Url, Info = request.Info };
        warning.Detail.AddRange(request.Detail);
        warning.Ranges.AddRange(request.Ranges);
        job.Journal.Warn(null, warning);
        return new();
    }

    private Task<BuildJob> JobAsync(ServerCallContext context) => context.RequestHeaders.GetValue("buildkit-controlapi-buildid") is { Length: > 0 } name
        ? jobs.GetAsync(name, context.CancellationToken)
        : throw EngineErrors.Invalid("build.ref", "no buildid found in context");
}
