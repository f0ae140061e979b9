using System.Globalization;

namespace Portal.Web.Components.Controls;

/// <summary>Sizes in bytes as people read them: binary units, three significant digits.</summary>
public static class ByteSize
{
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>For instance <c>1.46 GiB</c>. Nothing, negative and not finite all read <c>0 B</c>.</summary>
    public static string Format(double bytes)
    {
        if (!double.IsFinite(bytes) || bytes <= 0)
        {
            return "0 B";
        }

        var unit = 0;
        // 1023.5 would print as "1024 KiB"; it belongs to the next unit.
        while (bytes >= 1023.5 && unit < s_units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        var format = unit == 0 || bytes >= 99.95 ? "0" : bytes >= 9.995 ? "0.#" : "0.##";
        return bytes.ToString(format, CultureInfo.InvariantCulture) + " " + s_units[unit];
    }

    /// <summary>For instance <c>12.4 KiB/s</c>.</summary>
    public static string Rate(double bytesPerSecond) => Format(bytesPerSecond) + "/s";
}
