using System.Net;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>What cannot be asked of networks, and how that is answered.</summary>
public sealed class NetworkInputTests(Engine engine) : EngineTest(engine)
{
    // Requests in order: METHOD path body → status and words. The words are Docker's; where its versions differ those of the newest.
    private static readonly (string Request, string Body, HttpStatusCode Status, string Words)[] s_rows =
    [
        ("POST /networks/create", """{"Name":"in1","IPAM":{"Config":[{"Subnet":"10.98.0.0/24"}]}}""", HttpStatusCode.Created, ""),
        ("POST /networks/create", """{"Name":"in2"}""", HttpStatusCode.Created, ""),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.98.0.0/24"}]}}""", HttpStatusCode.Forbidden, "Pool overlaps with other one on this address space"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.98.0.0/16"}]}}""", HttpStatusCode.Forbidden, "Pool overlaps with other one on this address space"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/16"},{"Subnet":"10.97.1.0/24"}]}}""", HttpStatusCode.Forbidden, "Pool overlaps with other one on this address space"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/33"}]}}""", HttpStatusCode.BadRequest, "invalid subnet 10.97.0.0/33: invalid CIDR block notation"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Gateway":"10.97.0.1"}]}}""", HttpStatusCode.BadRequest, "invalid subnet : invalid CIDR block notation"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","Gateway":"10.96.0.1"}]}}""", HttpStatusCode.BadRequest, "parent subnet 10.97.0.0/24 doesn't contain this address"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","Gateway":"10.97.0.1/24"}]}}""", HttpStatusCode.BadRequest, "invalid gateway 10.97.0.1/24: invalid address"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","Gateway":"fd00::1"}]}}""", HttpStatusCode.BadRequest, "invalid gateway fd00::1: parent subnet is an IPv4 block"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","Gateway":"10.97.0.0"}]}}""", HttpStatusCode.Forbidden, "failed to allocate gateway (10.97.0.0): Address already in use"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","Gateway":"10.97.0.255"}]}}""", HttpStatusCode.Forbidden, "failed to allocate gateway (10.97.0.255): Address already in use"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","Gateway":"10.97.0.1","AuxiliaryAddresses":{"a":"10.97.0.1"}}]}}""", HttpStatusCode.Forbidden, "failed to allocate secondary ip address (a:10.97.0.1): Address already in use"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","AuxiliaryAddresses":{"a":"10.96.0.1"}}]}}""", HttpStatusCode.BadRequest, "invalid auxiliary address a: 10.96.0.1: parent subnet 10.97.0.0/24 doesn't contain this address"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","IPRange":"10.96.0.0/25"}]}}""", HttpStatusCode.BadRequest, "invalid ip-range 10.96.0.0/25: parent subnet 10.97.0.0/24 doesn't contain ip-range"),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Config":[{"Subnet":"10.97.0.0/24","IPRange":"10.97.0.0/16"}]}}""", HttpStatusCode.BadRequest, "invalid ip-range 10.97.0.0/16: CIDR block is bigger than its parent subnet 10.97.0.0/24"),
        ("POST /networks/create", """{"Name":"in1"}""", HttpStatusCode.Conflict, "network with name in1 already exists"),
        ("POST /networks/create", """{"Name":"host"}""", HttpStatusCode.Forbidden, "operation is not permitted on predefined host network"),
        ("POST /networks/create", """{"Name":" "}""", HttpStatusCode.BadRequest, "invalid name: name is empty"),
        ("POST /networks/create", """{"Name":"bad","Driver":"nosuch"}""", HttpStatusCode.NotFound, "could not find plugin nosuch in v1 plugin registry: plugin not found"),
        ("POST /networks/create", """{"Name":"bad","Driver":"host"}""", HttpStatusCode.Forbidden, "only one instance of \"host\" network is allowed"),
        ("POST /networks/create", """{"Name":"bad","Driver":"overlay"}""", HttpStatusCode.ServiceUnavailable, "This node is not a swarm manager."),
        ("POST /networks/create", """{"Name":"bad","IPAM":{"Driver":"nosuch"}}""", HttpStatusCode.NotFound, "could not find plugin nosuch"),
        ("POST /networks/create", """{"Name":"bad","Options":{"com.docker.network.bridge.enable_icc":"maybe"}}""", HttpStatusCode.BadRequest, "failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: parsing \"maybe\": invalid syntax)"),
        ("POST /networks/create", """{"Name":"bad","Options":{"com.docker.network.driver.mtu":"-3"}}""", HttpStatusCode.BadRequest, "invalid MTU number: -3"),
        ("POST /networks/create", """{"Name":"bad","Options":{"com.docker.network.bridge.host_binding_ipv4":"x"}}""", HttpStatusCode.BadRequest, "failed to parse com.docker.network.bridge.host_binding_ipv4 value: x (nil ip)"),
        ("POST /networks/create", """{"Name":"bad","Driver":"macvlan","Options":{"parent":"nosuch"}}""", HttpStatusCode.BadRequest, "invalid subinterface vlan name nosuch, example formatting is eth0.10"),
        ("POST /networks/create", """{"Name":"bad","Driver":"macvlan","Options":{"parent":"lo"}}""", HttpStatusCode.BadRequest, "loopback interface is not a valid macvlan parent link"),
        ("POST /networks/create", """{"Name":"bad","Driver":"macvlan","Options":{"macvlan_mode":"odd"}}""", HttpStatusCode.BadRequest, "requested macvlan mode 'odd' is not valid, 'bridge' mode is the macvlan driver default"),
        ("POST /networks/nosuch/connect", """{"Container":"run"}""", HttpStatusCode.NotFound, "network nosuch not found"),
        ("POST /networks/in1/connect", """{"Container":"nosuch"}""", HttpStatusCode.NotFound, "No such container: nosuch"),
        ("POST /networks/in1/connect", """{"Container":""}""", HttpStatusCode.BadRequest, "invalid name or ID supplied: \"\""),
        ("POST /networks/in1/connect", "", HttpStatusCode.BadRequest, "got EOF while reading request body"),
        ("POST /networks/host/connect", """{"Container":"run"}""", HttpStatusCode.BadRequest, "container cannot be disconnected from host network or connected to host network"),
        ("POST /networks/none/connect", """{"Container":"run"}""", HttpStatusCode.BadRequest, "container cannot be connected to multiple networks with one of the networks in private (none) mode"),
        ("POST /networks/in2/connect", """{"Container":"run","EndpointConfig":{"IPAMConfig":{"IPv4Address":"172.20.0.9"}}}""", HttpStatusCode.BadRequest, "user specified IP address is supported only when connecting to networks with user configured subnets"),
        ("POST /networks/bridge/connect", """{"Container":"run","EndpointConfig":{"IPAMConfig":{"IPv4Address":"172.20.0.9"}}}""", HttpStatusCode.BadRequest, "user specified IP address is supported on user defined networks only"),
        ("POST /networks/bridge/connect", """{"Container":"run","EndpointConfig":{"Aliases":["x"]}}""", HttpStatusCode.BadRequest, "network-scoped alias is supported only for containers in user defined networks"),
        ("POST /networks/in2/connect", """{"Container":"run","EndpointConfig":{"MacAddress":"01:02:03:04:05:06"}}""", HttpStatusCode.BadRequest, "invalid MAC address: 01:02:03:04:05:06"),
        ("POST /networks/in1/connect", """{"Container":"run"}""", HttpStatusCode.Forbidden, "endpoint with name run already exists in network in1"),
        ("POST /networks/in1/connect", """{"Container":"off"}""", HttpStatusCode.OK, ""),
        ("POST /networks/in1/connect", """{"Container":"other","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.96.0.9"}}}""", HttpStatusCode.BadRequest, "no configured subnet or ip-range contain the IP address 10.96.0.9"),
        ("POST /networks/in1/connect", """{"Container":"other","EndpointConfig":{"IPAMConfig":{"IPv4Address":"x"}}}""", HttpStatusCode.BadRequest, "invalid IPv4 address: x"),
        ("POST /networks/in1/connect", """{"Container":"other","EndpointConfig":{"IPAMConfig":{"LinkLocalIPs":["10.1.1.1"]}}}""", HttpStatusCode.BadRequest, "invalid link-local IP address: 10.1.1.1"),
        ("POST /networks/in1/connect", """{"Container":"other","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.98.0.2"}}}""", HttpStatusCode.Forbidden, "Address already in use"),
        ("POST /networks/in1/connect", """{"Container":"other","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.98.0.1"}}}""", HttpStatusCode.Forbidden, "Address already in use"),
        ("POST /networks/in1/connect", """{"Container":"other","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.98.0.255"}}}""", HttpStatusCode.Forbidden, "Address already in use"),
        ("POST /networks/in2/disconnect", """{"Container":"run"}""", HttpStatusCode.Forbidden, "is not connected to network in2"),
        ("POST /networks/in2/disconnect", """{"Container":"run","Force":true}""", HttpStatusCode.Forbidden, "is not connected to network in2"),
        ("POST /networks/in2/disconnect", """{"Container":"nosuch"}""", HttpStatusCode.NotFound, "No such container: nosuch"),
        ("DELETE /networks/in1", "", HttpStatusCode.Forbidden, "error while removing network: network in1 has active endpoints (name:\"run\" id:"),
        ("DELETE /networks/nosuch", "", HttpStatusCode.NotFound, "network nosuch not found"),
        ("DELETE /networks/none", "", HttpStatusCode.Forbidden, "none is a pre-defined network and cannot be removed"),
        ("POST /containers/create?name=bad", """{"Image":"busybox","HostConfig":{"NetworkMode":"host"},"MacAddress":"02:42:00:00:00:01"}""", HttpStatusCode.BadRequest, "conflicting options: mac-address and the network mode"),
        ("POST /containers/create?name=bad", """{"Image":"busybox","MacAddress":"zz:11"}""", HttpStatusCode.BadRequest, "invalid MAC address: zz:11"),
        ("POST /containers/create?name=bad", """{"Image":"busybox","HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"99999"}]}}}""", HttpStatusCode.BadRequest, "invalid port specification: \"99999\""),
        ("POST /containers/create?name=bad", """{"Image":"busybox","HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8009-8000"}]}}}""", HttpStatusCode.BadRequest, "invalid port specification: \"8009-8000\""),
        // By force, one that runs leaves as well; then nobody is in the way.
        ("POST /networks/in1/disconnect", """{"Container":"run","Force":true}""", HttpStatusCode.OK, ""),
        ("DELETE /networks/in1", "", HttpStatusCode.NoContent, ""),
    ];

    [Fact]
    public async Task Requests_ThatCannotBe_AreAnsweredAsDockerDoes()
    {
        await AnswerAsync(s_rows[0].Request, s_rows[0].Body);
        await AnswerAsync(s_rows[1].Request, s_rows[1].Body);
        await RunSleeperAsync("--name", "run", "--network", "in1");
        await RunSleeperAsync("--name", "other");
        (await Docker.RunAsync("create", "--name", "off", "--network", "in1", "busybox", "true")).Succeeded();
        var before = await Ledger.BalanceAsync(Engine.Root, Engine.Bridge, Engine.ProcessId);

        List<string> wrong = [];
        foreach (var row in s_rows[2..^2])
        {
            await CheckAsync(row);
        }

        // Whatever was refused has left nothing.
        Assert.Equal(before, await Ledger.BalanceAsync(Engine.Root, Engine.Bridge, Engine.ProcessId));
        foreach (var row in s_rows[^2..])
        {
            await CheckAsync(row);
        }

        Assert.Empty(wrong);

        async Task CheckAsync((string Request, string Body, HttpStatusCode Status, string Words) row)
        {
            var (status, message) = await AnswerAsync(row.Request, row.Body);
            if (status != row.Status || !message.Contains(row.Words, StringComparison.Ordinal))
            {
                wrong.Add($"{row.Request} {row.Body}: {(int)status} {message}");
            }
        }
    }

    private async Task<(HttpStatusCode Status, string Message)> AnswerAsync(string request, string body)
    {
        var words = request.Split(' ');
        using var message = new HttpRequestMessage(new HttpMethod(words[0]), words[1]);
        if (body.Length > 0)
        {
            message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var answer = await Http.SendAsync(message);
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.IsSuccessStatusCode)
        {
            return (answer.StatusCode, "");
        }

        using var document = JsonDocument.Parse(text);
        return (answer.StatusCode, document.RootElement.GetProperty("message").GetString()!);
    }
}
