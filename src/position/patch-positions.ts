import { HostArray } from '../core/index.js';
import { Module, normal } from '../nn/index.js';
import { concat, constant, matmul, Parameter, parameterTensor, type Tensor } from '../ops/index.js';
import { bicubicMatrix } from './bicubic.js';

/** Numbers of patches down and across an image. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Learned positions of an image's patches, row by row, behind those of a few tokens that have no place in the image
 * (Dosovitskiy et al. 2020, eq. 1). On a grid of another size the patches' positions are interpolated in two dimensions
 * (section 3.2), bicubically, as the published PyTorch code does it.
 */
export class PatchPositions extends Module {
  /** [1,E + P,C], in the published layout. */
  readonly weight: Parameter;
  readonly grid: PatchGrid;
  readonly extra: number;

  /** @param extra E, tokens before the patches */
  constructor(grid: PatchGrid, extra: number, width: number) {
    super();
    this.weight = new Parameter([1, extra + grid.rows * grid.columns, width], normal(0.02));
    this.grid = grid;
    this.extra = extra;
  }

  /** @param grid of the images at hand; the model's own by default @returns [1,E + P,C] */
  forward(grid: PatchGrid = this.grid): Tensor {
    const table = parameterTensor(this.weight);
    const { rows, columns } = this.grid;
    if (grid.rows === rows && grid.columns === columns) return table;
    const width = this.weight.shape[2] as number;
    const [tokens, patches] = table.split([this.extra, rows * columns], 1) as [Tensor, Tensor];
    const down = matmul(matrix(rows, grid.rows), patches.reshape([rows, columns * width])); // [rows',columns·C]
    const both = matmul(matrix(columns, grid.columns), down.reshape([grid.rows, columns, width])); // [rows',columns',C]
    return concat([tokens, both.reshape([1, grid.rows * grid.columns, width])], 1);
  }
}

function matrix(from: number, to: number): Tensor {
  return constant(new HostArray(bicubicMatrix(from, to), [to, from], 'float32'));
}
