using MudBlazor;

namespace Portal.Web.Components.Layout;

/// <summary>The colours of <c>app.css</c>, for MudBlazor's components.</summary>
internal static class PortalTheme
{
    private static readonly string[] s_font =
        ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "Helvetica Neue", "Arial", "sans-serif"];

    public static MudTheme Theme { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#3563e9", Secondary = "#0f766e", Success = "#16834a", Warning = "#b45309", Error = "#d02b3a", Info = "#2563c9",
            Background = "#f5f7fa", Surface = "#ffffff", AppbarBackground = "#ffffff", AppbarText = "#1b2430", DrawerBackground = "#ffffff",
            DrawerText = "#3d4a5c", DrawerIcon = "#5d6b7f", TextPrimary = "#1b2430", TextSecondary = "#5d6b7f", ActionDefault = "#5d6b7f",
            LinesDefault = "#e2e7ee", LinesInputs = "#c6cfdb", TableLines = "#e2e7ee", Divider = "#e2e7ee", OverlayDark = "rgba(15,20,28,.45)",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#7a9bff", PrimaryContrastText = "#0d1320", Secondary = "#5ec4b6", Success = "#4cc38a", Warning = "#eeb04c", Error = "#ff7b85", Info = "#79aaff",
            Background = "#0f141b", Surface = "#171e27", AppbarBackground = "#131922", AppbarText = "#e6ebf2", DrawerBackground = "#131922",
            DrawerText = "#b6c1cf", DrawerIcon = "#8d9bae", TextPrimary = "#e6ebf2", TextSecondary = "#93a1b4", ActionDefault = "#93a1b4",
            LinesDefault = "#28323f", LinesInputs = "#3a4657", TableLines = "#28323f", Divider = "#28323f", OverlayDark = "rgba(0,0,0,.6)",
        },
        Typography = new()
        {
            Default = new DefaultTypography { FontFamily = s_font, FontSize = ".875rem", LineHeight = "1.5", LetterSpacing = "normal" },
            H6 = new H6Typography { FontFamily = s_font, FontSize = "1.05rem", FontWeight = "600", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = s_font, FontSize = ".875rem", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = s_font, FontSize = ".8125rem", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = s_font, FontSize = ".8125rem", FontWeight = "600", TextTransform = "none", LetterSpacing = "normal" },
        },
        LayoutProperties = new() { DefaultBorderRadius = "8px", DrawerWidthLeft = "224px", AppbarHeight = "56px" },
    };
}
