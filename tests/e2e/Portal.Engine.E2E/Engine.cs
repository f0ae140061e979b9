using Portal.E2E;
using Portal.Engine.E2E;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Engine))]

namespace Portal.Engine.E2E;

/// <summary>The agent that most tests share.</summary>
public sealed class Engine() : AgentProcess(0);
