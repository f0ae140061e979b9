using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Portal.Api.Adapters.Storage;

/// <summary>The keys behind forms and cookies, in a folder of their own; each file for the owner only.</summary>
internal sealed class KeyFolder(DirectoryInfo folder, ILoggerFactory logs) : FileSystemXmlRepository(folder, logs)
{
    public override void StoreElement(XElement element, string friendlyName)
    {
        base.StoreElement(element, friendlyName);
        foreach (var file in System.IO.Directory.EnumerateFiles(Directory.FullName, "*.xml"))
        {
            System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
