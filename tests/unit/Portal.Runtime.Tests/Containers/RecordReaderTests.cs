using Portal.Runtime.Containers;

namespace Portal.Runtime.Tests.Containers;

public class RecordReaderTests
{
    private const string Id = "0123456789ab0123456789ab0123456789ab0123456789ab0123456789abcdef";

    [Fact]
    public void Read_AttachmentOfAnEarlierVersion_IsOnePlace()
    {
        var record = RecordReader.Read(Text($$"""
            {"Container":"{{Id}}","NetworkId":"n","NetworkName":"bridge","EndpointId":"e","NamespacePath":"/ns","HostLink":"veth0","Address":"172.29.0.2","PrefixLength":16,
            "Gateway":"172.29.0.1","MacAddress":"02:42:ac:1d:00:02","Ports":[{"ContainerPort":80,"Protocol":"tcp","HostAddress":"0.0.0.0","HostPort":8080}]}
            """))!;

        var attachment = record.Container.Attachment!;
        var place = Assert.Single(attachment.Endpoints);
        Assert.Equal("/ns", attachment.NamespacePath);
        Assert.Equal(("n", "bridge", "bridge", "eth0", "veth0", false), (place.NetworkId, place.NetworkName, place.Driver, place.Link, place.HostLink, place.IsInternal));
        Assert.Equal(("172.29.0.2", 16, "172.29.0.1"), (place.IPv4!.Address.ToString(), place.IPv4.PrefixLength, place.IPv4.Gateway!.ToString()));
        Assert.Equal(8080, Assert.Single(place.Ports).HostPort);
        Assert.Equal(["bridge"], record.Container.Networks.Select(n => n.Network));
    }

    [Theory]
    [InlineData("host", "host")]
    [InlineData("none", "null")]
    public void Read_PlaceWithoutLink_KeepsItsKind(string name, string driver)
    {
        var place = Assert.Single(RecordReader.Read(Text($$"""{"Container":"{{Id}}","NetworkId":"n","NetworkName":"{{name}}","EndpointId":"e","PrefixLength":0,"Ports":[]}"""))!.Container.Attachment!.Endpoints);

        Assert.Equal((driver, null, null), (place.Driver, place.Link, place.IPv4));
    }

    private static byte[] Text(string attachment) => System.Text.Encoding.UTF8.GetBytes($$"""
        {"Version":1,"StoppedByUser":false,"Removing":false,"Container":{"Id":"{{Id}}","Name":"web","Created":"2026-01-02T03:04:05+00:00","Spec":{"Image":"i","NetworkMode":"default",
        "Ports":[{"ContainerPort":80,"Protocol":"tcp","HostAddress":"","HostPort":8080}]},
        "Effective":{"Entrypoint":[],"Command":["sh"],"Environment":[],"WorkingDirectory":"/","User":"","Labels":{},"ExposedPorts":[],"StopSignal":15},
        "ImageId":"sha256:{{Id}}","Status":{"State":"Running","Pid":1,"ExitCode":0,"OomKilled":false,"Error":""},"Mounts":[],"LogPath":"","RestartCount":0,"Attachment":{{attachment}} } }
        """);
}
