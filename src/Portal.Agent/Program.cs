using Portal.Agent;
using Portal.Agent.Node;

var command = NodeCommandLine.Parse(args, Environment.GetEnvironmentVariable);
switch (command.Verb)
{
    case NodeVerb.Version:
        Console.WriteLine($"portal-agent {AgentVersion.Number}");
        return 0;
    case NodeVerb.Help:
        Console.WriteLine(NodeCommandLine.Help);
        return 0;
}

if (command.Mistakes.Count > 0)
{
    return Refuse(2, [.. command.Mistakes]);
}

if (!Environment.IsPrivilegedProcess)
{
    return Refuse(1, "it must run as root: containers need mounts, namespaces and cgroups");
}

return command.Verb switch
{
    NodeVerb.Halt => await Commands.HaltAsync(command.Options),
    NodeVerb.Teardown => await Commands.TeardownAsync(command.Options),
    _ => await Commands.RunAsync(command.Options),
};

static int Refuse(int status, params string[] reasons)
{
    foreach (var reason in reasons)
    {
        Console.Error.WriteLine("portal-agent: " + reason);
    }

    return status;
}
