using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Api.Adapters.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Operations : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "operations",
                columns: table => new
                {
                    Id = table.Column<string>(nullable: false),
                    Kind = table.Column<string>(nullable: false),
                    Host = table.Column<string>(nullable: false),
                    Target = table.Column<string>(nullable: false),
                    OwnerKind = table.Column<string>(nullable: false),
                    OwnerId = table.Column<string>(nullable: false),
                    OwnerName = table.Column<string>(nullable: false),
                    TokenId = table.Column<string>(nullable: true),
                    State = table.Column<string>(nullable: false),
                    Created = table.Column<long>(nullable: false),
                    Started = table.Column<long>(nullable: true),
                    Ended = table.Column<long>(nullable: true),
                    ErrorKind = table.Column<string>(nullable: true),
                    ErrorCode = table.Column<string>(nullable: true),
                    ErrorMessage = table.Column<string>(nullable: true),
                    Result = table.Column<string>(nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_operations", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "registries",
                columns: table => new
                {
                    Id = table.Column<string>(nullable: false),
                    Name = table.Column<string>(nullable: false),
                    NormalizedName = table.Column<string>(nullable: false),
                    Address = table.Column<string>(nullable: false),
                    UserName = table.Column<string>(nullable: true),
                    Secret = table.Column<string>(nullable: true),
                    Notes = table.Column<string>(nullable: false),
                    IsForEverybody = table.Column<bool>(nullable: false),
                    Version = table.Column<long>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_registries", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "registry_teams",
                columns: table => new
                {
                    RegistryId = table.Column<string>(nullable: false),
                    TeamId = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_registry_teams", x => new { x.RegistryId, x.TeamId });
                    table.ForeignKey(
                        name: "FK_registry_teams_registries_RegistryId",
                        column: x => x.RegistryId,
                        principalTable: "registries",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_registry_teams_teams_TeamId",
                        column: x => x.TeamId,
                        principalTable: "teams",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_registries_Address",
                table: "registries",
                column: "Address");

            migrationBuilder.CreateIndex(
                name: "IX_registries_NormalizedName",
                table: "registries",
                column: "NormalizedName",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_registry_teams_TeamId",
                table: "registry_teams",
                column: "TeamId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "operations");

            migrationBuilder.DropTable(
                name: "registry_teams");

            migrationBuilder.DropTable(
                name: "registries");
        }
    }
}
