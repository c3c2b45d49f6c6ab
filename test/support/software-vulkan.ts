import { existsSync } from 'node:fs';

/**
 * The environment in which a process finds a Vulkan driver that computes on the CPU: Chromium's SwiftShader.
 * `HEADLIGHT_VULKAN` names the folder of `vk_swiftshader_icd.json` and `libvulkan.so.1`; undefined where it has none.
 */
export function softwareVulkan(): NodeJS.ProcessEnv | undefined {
  const folder = process.env.HEADLIGHT_VULKAN ?? '/usr/lib/chromium';
  const driver = `${folder}/vk_swiftshader_icd.json`;
  if (!existsSync(driver)) return undefined;
  return {
    ...process.env,
    VK_DRIVER_FILES: driver,
    VK_ICD_FILENAMES: driver,
    LD_LIBRARY_PATH: [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
  };
}
