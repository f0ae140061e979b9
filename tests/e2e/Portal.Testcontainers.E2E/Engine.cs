using Portal.E2E;
using Portal.Testcontainers.E2E;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Engine))]

namespace Portal.Testcontainers.E2E;

/// <summary>The agent that Testcontainers talks to.</summary>
public sealed class Engine() : AgentProcess(13);
