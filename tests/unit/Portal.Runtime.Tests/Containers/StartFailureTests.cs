using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Tests.Containers;

public class StartFailureTests
{
    [Theory]
    [InlineData("nope", "executable file `nope` not found in $PATH: No such file or directory", 127, "exec: \"nope\": executable file not found in $PATH: unknown")]
    [InlineData("/nope", "executable file `/nope` not found in $PATH: No such file or directory", 127, "exec: \"/nope\": stat /nope: no such file or directory: unknown")]
    [InlineData("/etc/passwd", "open executable: Permission denied", 126, "exec: \"/etc/passwd\": permission denied: unknown")]
    [InlineData("/etc", "open executable: Operation not permitted", 126, "exec: \"/etc\": is a directory: permission denied: unknown")]
    public void OfContainer_ProgramCannotRun_IsTheCallersMistake(string program, string said, int exitCode, string ending)
    {
        var failure = StartFailure.OfContainer(program, said);

        Assert.Equal((ErrorKind.Invalid, exitCode), (failure.Error.Kind, failure.ExitCode));
        Assert.StartsWith("failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: ", failure.Error.Message, StringComparison.Ordinal);
        Assert.EndsWith(ending, failure.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("writing file `pids.max`: Invalid argument")]
    [InlineData("writing file `cpu.cfs_quota_us`: Numerical result out of range\n")]
    [InlineData("mount `tmpfs` to `t`: Invalid argument")]
    [InlineData("time=\"x\" level=error msg=\"runc create failed: failed to write \\\"5\\\": write /sys/fs/cgroup/pids/x/pids.max: invalid argument\"")]
    public void OfContainer_ValueTheKernelDoesNotTake_IsTheCallersMistake(string said) =>
        Assert.Equal((ErrorKind.Invalid, 128), (StartFailure.OfContainer("true", said).Error.Kind, StartFailure.OfContainer("true", said).ExitCode));

    [Fact]
    public void OfContainer_AnythingElse_IsOurs()
    {
        var failure = StartFailure.OfContainer("sh", "mount `proc` to `/proc`: Operation not permitted\n");

        Assert.Equal((ErrorKind.Internal, 128), (failure.Error.Kind, failure.ExitCode));
        Assert.Contains("mount `proc` to `/proc`: Operation not permitted", failure.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OfExec_RuncsLog_IsReadToItsMessage() => Assert.Equal(
        ("OCI runtime exec failed: exec failed: cannot \"do\" that: unknown\r\n", 126),
        StartFailure.OfExec("x", "time=\"2026-11-25T01:40:48Z\" level=warning msg=\"hm\"\ntime=\"2026-11-25T01:40:48Z\" level=error msg=\"exec failed: cannot \\\"do\\\" that\"\n"));

    [Fact]
    public void OfExec_PathRuncDoesNotFind_IsNotFound() => Assert.Equal(
        ("OCI runtime exec failed: exec failed: unable to start container process: exec: \"/x\": stat /x: no such file or directory: unknown\r\n", 127),
        StartFailure.OfExec("/x", "time=\"2026-11-25T01:40:48Z\" level=error msg=\"exec failed: unable to start container process: exec: \\\"/x\\\": stat /x: no such file or directory\"\n"));

    [Fact]
    public void OfExec_NotFound_IsALineOfOutput() => Assert.Equal(
        ("OCI runtime exec failed: exec failed: unable to start container process: exec: \"x\": executable file not found in $PATH: unknown\r\n", 127),
        StartFailure.OfExec("x", "executable file `x` not found in $PATH: No such file or directory"));
}
