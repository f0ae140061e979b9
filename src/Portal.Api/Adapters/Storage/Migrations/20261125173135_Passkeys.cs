using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Api.Adapters.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Passkeys : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "PasskeyId",
                table: "token_families",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "passkeys",
                columns: table => new
                {
                    Id = table.Column<string>(nullable: false),
                    UserId = table.Column<string>(nullable: false),
                    Name = table.Column<string>(nullable: false),
                    CredentialId = table.Column<string>(nullable: false),
                    PublicKey = table.Column<byte[]>(nullable: false),
                    SignCount = table.Column<long>(nullable: false),
                    Transports = table.Column<string>(nullable: false),
                    IsBackupEligible = table.Column<bool>(nullable: false),
                    IsBackedUp = table.Column<bool>(nullable: false),
                    CreatedUnix = table.Column<long>(nullable: false),
                    LastUsedUnix = table.Column<long>(nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_passkeys", x => x.Id);
                    table.ForeignKey(
                        name: "FK_passkeys_users_UserId",
                        column: x => x.UserId,
                        principalTable: "users",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_passkeys_CredentialId",
                table: "passkeys",
                column: "CredentialId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_passkeys_UserId",
                table: "passkeys",
                column: "UserId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "passkeys");

            migrationBuilder.DropColumn(
                name: "PasskeyId",
                table: "token_families");
        }
    }
}
